"""Facts about what is allowed: policies that hold, levels of autonomy, charters that ask for too much."""

from interlock.contracts.facts.fact import Fact
from interlock.contracts.message import Line, Sequence
from interlock.contracts.policy import Policies


class PoliciesSet(Fact, frozen=True, kw_only=True):
    """These policies hold from here on; `digest` is their version."""

    at_ms: int
    by: str
    digest: str
    bundle: Policies
    input: Sequence = 0


class PoliciesRefused(Fact, frozen=True, kw_only=True):
    """These will not do, for these reasons; those before them still hold."""

    digest: str
    reasons: tuple[Line, ...]
    input: Sequence = 0


class AutonomySet(Fact, frozen=True, kw_only=True):
    """How far a role goes by itself with effects of a risk, for a tenant; `*` is any.

    Level 0 gives it back to the charter. `lowered` is whether the supervisor itself did it, for `reason`.
    """

    at_ms: int
    role: str
    risk: str
    tenant: str
    level: int
    by: str
    reason: Line = ""
    lowered: bool = False
    input: Sequence = 0


class CharterExceeded(Fact, frozen=True, kw_only=True):
    """A charter asks for what no policy can grant: these tools and models."""

    principal: str
    role: str
    asks: tuple[Line, ...]
    policies: str = ""
