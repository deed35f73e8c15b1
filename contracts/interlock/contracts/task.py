"""A task as it is submitted: the goal, what may be spent on it, and how it ranks."""

from typing import Annotated

import msgspec

from interlock.contracts import limits
from interlock.contracts.budget import Budget
from interlock.contracts.message import Line, Message
from interlock.contracts.plan import Plan


class Submit(Message, frozen=True, kw_only=True):
    """Please reach this goal. The sequence of this record is the task's id.

    `docs` names a folder of documents that the effect workers may read; `plan` is for clients that know
    the steps already; `deadline_s` counts from submission, whatever happens.
    """

    goal: Annotated[str, msgspec.Meta(min_length=1, max_length=limits.MAX_GOAL_CHARS)]
    docs: Annotated[str, msgspec.Meta(max_length=limits.MAX_PATH_CHARS)] = ""
    tenant: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")] = "default"
    priority: Annotated[int, msgspec.Meta(ge=0, le=limits.MAX_PRIORITY)] = limits.DEFAULT_PRIORITY
    model: Annotated[str, msgspec.Meta(max_length=128)] = ""
    criteria: Annotated[tuple[Line, ...], msgspec.Meta(max_length=limits.MAX_CRITERIA)] = ()
    budget: Budget = Budget()
    deadline_s: Annotated[int, msgspec.Meta(ge=1, le=31_536_000)] | None = None
    plan: Plan | None = None
    review: bool = True
