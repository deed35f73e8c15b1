"""Facts about switches: who stopped what, until when, and who may let it go on.

`input` is the record of the command, `commanded_us` when it was stored (microseconds since the epoch).
"""

from typing import Literal

from interlock.contracts.facts.fact import Fact
from interlock.contracts.message import Line, Sequence
from interlock.contracts.scope import Scope

SwitchState = Literal["running", "paused", "draining", "killed"]


class Switched(Fact, frozen=True, kw_only=True):
    """The switch over an agent, a role, a tool, a model, a tenant or a step."""

    at_ms: int
    scope: Scope
    state: SwitchState
    by: str
    reason: str = ""
    input: Sequence = 0
    commanded_us: int = 0
    until_ms: int | None = None


class FleetSwitched(Fact, frozen=True, kw_only=True):
    """The switch over everything."""

    at_ms: int
    state: SwitchState
    by: str
    reason: str = ""
    input: Sequence = 0
    commanded_us: int = 0
    until_ms: int | None = None


class ReleaseAsked(Fact, frozen=True, kw_only=True):
    """Somebody wants the killed fleet to go on; more people must want it too."""

    at_ms: int
    by: tuple[str, ...]
    needed: int


class ReleaseRuleSet(Fact, frozen=True, kw_only=True):
    """So many different people have to resume the fleet after a kill."""

    people: int
    by: str
    reason: str = ""


class AgentCondemned(Fact, frozen=True, kw_only=True):
    """A life of an agent has not stopped what it was told to, within the grace: its process shall end."""

    at_ms: int
    principal: str
    incarnation: str
    reason: Line
    kill: Sequence = 0
