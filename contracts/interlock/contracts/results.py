"""What a task came to, for people and programs: the JSON that `interlock run --json` prints."""

from typing import Literal

from interlock.contracts.budget import Amounts, Budget
from interlock.contracts.message import Message
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
    seconds: float = 0.0
