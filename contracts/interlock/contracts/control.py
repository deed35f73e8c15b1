"""What operators say: stop and go, limits, levels of autonomy. The scope stands in the subject."""

from typing import Annotated, Literal

import msgspec

from interlock.contracts import limits
from interlock.contracts.budget import Amounts, Budget
from interlock.contracts.message import Message, Reason

CONTROL_VERBS = ("pause", "drain", "kill", "resume")


class Control(Message, frozen=True, kw_only=True):
    """Pause, drain, kill or resume what the subject names; a pause may end by itself after `for_s`."""

    reason: Reason = ""
    for_s: Annotated[int, msgspec.Meta(ge=1, le=limits.MAX_PAUSE_S)] | None = None


class ReleaseRule(Message, frozen=True, kw_only=True):
    """How many different people have to resume the fleet, after a kill, before it is."""

    people: Annotated[int, msgspec.Meta(ge=1, le=limits.MAX_RELEASERS)]
    reason: Reason = ""


class RaiseLimit(Message, frozen=True, kw_only=True):
    """Add to the limits of a task's budget."""

    more: Amounts
    reason: Reason = ""


class SetLimits(Message, frozen=True, kw_only=True):
    """Set the limits of what many tasks share: fleet, tenant or role. What was set before is replaced.

    `total` counts from the beginning of the log, `day` from midnight UTC.
    """

    total: Budget = Budget()
    day: Budget = Budget()
    reason: Reason = ""


class SetAutonomy(Message, frozen=True, kw_only=True):
    """How far the role in the subject goes by itself: from 1 (suggest only) to 5 (full).

    Of all risks and tenants, or of one; the more particular setting counts, first by tenant. Level 0 takes a
    setting back.
    """

    level: Annotated[int, msgspec.Meta(ge=0, le=5)]
    risk: Literal["*", "write", "irreversible"] = "*"
    tenant: Annotated[str, msgspec.Meta(pattern=r"^(\*|[a-z0-9][a-z0-9_-]{0,63})$")] = "*"
    reason: Reason = ""
