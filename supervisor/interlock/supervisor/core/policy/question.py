"""What a policy is asked: who wants which tool or model, for whom, and where the task stands. Data alone."""

import msgspec

from interlock.contracts.message import Json
from interlock.contracts.presence import DEFAULT_DATA_CLASS, Risk


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """Where a task stands; `Run` in the schema says the same."""

    autonomy: int
    untrusted: bool = False
    target: str = ""
    spent_usd_micros: int = 0
    task: int = 0
    submitter: str = ""
    hour: int = 0
    weekday: int = 0


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """May this agent use this tool, or, without a `risk`, this model."""

    agent: str
    role: str
    name: str
    run: Run
    risk: Risk | None = None
    version: str = ""
    tenant: str = ""
    user: str = ""
    data_class: str = DEFAULT_DATA_CLASS
    region: str = ""
    arguments: Json = {}

    @property
    def kind(self) -> str:
        """What it is about, as Cedar calls it."""
        return "Model" if self.risk is None else "Tool"
