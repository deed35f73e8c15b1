"""What a task came to, for people and programs: the JSON that `interlock run --json` prints."""

from typing import Literal

from interlock.contracts.budget import Amounts, Budget
from interlock.contracts.message import Json, Message, Part
from interlock.contracts.roles import Claim, Verdict

TaskStatus = Literal[
    "planning",
    "working",
    "reviewing",
    "paused",
    "draining",
    "parked",
    "completed",
    "failed",
    "halted",
    "rejected",
]


class Recommendation(Part, frozen=True, kw_only=True):
    """What an agent wanted done that may only suggest."""

    effect: int
    step: str
    tool: str
    arguments: Json = {}
    reason: str = ""


class TaskResult(Message, frozen=True, kw_only=True):
    """One task's end, or where it stands. `models` are those that were granted."""

    task: int
    status: TaskStatus
    reason: str = ""
    report: str = ""
    claims: tuple[Claim, ...] = ()
    unanswered: tuple[str, ...] = ()
    verdict: Verdict | None = None
    spent: Amounts = Amounts()
    budget: Budget = Budget()
    models: tuple[str, ...] = ()
    recommendations: tuple[Recommendation, ...] = ()
    seconds: float = 0.0
