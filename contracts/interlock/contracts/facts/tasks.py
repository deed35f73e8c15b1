"""Facts about a whole task: how far it is, and whether it may move."""

from typing import Literal

from interlock.contracts.budget import Budget
from interlock.contracts.facts.fact import Fact
from interlock.contracts.message import Line, Sequence
from interlock.contracts.observed import ViolatedBy
from interlock.contracts.plan import PlannedStep, StepId


class Accepted(Fact, frozen=True, kw_only=True):
    """The task exists."""

    at_ms: int
    goal: str
    submitter: str
    tenant: str
    priority: int
    budget: Budget
    docs: str = ""
    model: str = ""
    criteria: tuple[str, ...] = ()
    review: bool = True
    deadline_ms: int | None = None


class Rejected(Fact, frozen=True, kw_only=True):
    """The submission is none: what is wrong, and where."""

    reason: Line
    where: str = ""


class Refused(Fact, frozen=True, kw_only=True):
    """An input that changes nothing here, and why.

    `violated` is said of an attempt at what is not the speaker's own; `principal` is who spoke.
    """

    input: Sequence
    reason: Line
    principal: str = ""
    violated: ViolatedBy | None = None


class PlanRequested(Fact, frozen=True, kw_only=True):
    """A planner shall plan (again): `refusals` say why the last plan will not do."""

    at_ms: int = 0
    step: StepId
    refusals: tuple[str, ...] = ()
    replan: bool = False


class Planned(Fact, frozen=True, kw_only=True):
    """The plan holds from here."""

    steps: tuple[PlannedStep, ...]
    criteria: tuple[str, ...] = ()


class PlanRefused(Fact, frozen=True, kw_only=True):
    """The plan of this step will not do."""

    step: StepId
    reasons: tuple[str, ...]


class ReviewRequested(Fact, frozen=True, kw_only=True):
    """A reviewer shall judge the results."""

    step: StepId
    round: int


class Reviewed(Fact, frozen=True, kw_only=True):
    """The reviewer's judgement."""

    step: StepId
    decision: Literal["approve", "revise", "escalate"]
    reasons: tuple[str, ...] = ()


class Paused(Fact, frozen=True, kw_only=True):
    """Nothing new starts, what is in flight may finish, clocks stand still; until then, or resumed."""

    at_ms: int
    by: str
    reason: str = ""
    input: Sequence = 0
    until_ms: int | None = None


class Drained(Fact, frozen=True, kw_only=True):
    """The steps in hand may finish, no other begins; when none is left, the task is paused."""

    at_ms: int
    by: str
    reason: str = ""
    input: Sequence = 0


class Resumed(Fact, frozen=True, kw_only=True):
    """It goes on where it was."""

    at_ms: int
    by: str
    reason: str = ""


class Completed(Fact, frozen=True, kw_only=True):
    """The task is done; its results are these records, by step."""

    at_ms: int
    results: dict[str, Sequence]


class Failed(Fact, frozen=True, kw_only=True):
    """The task cannot be done."""

    at_ms: int
    reason: Line
    kind: Literal["step", "plan", "deadline", "person"] = "step"


class Halted(Fact, frozen=True, kw_only=True):
    """The task was killed: nothing more starts, nothing late counts.

    `input` is the record of the command, `commanded_us` when it was stored (microseconds since the epoch).
    """

    at_ms: int
    by: str
    reason: str = ""
    input: Sequence = 0
    commanded_us: int = 0
