"""Facts about what was seen from outside: processes that ended, connections cut, attempts refused."""

from interlock.contracts.facts.fact import Fact
from interlock.contracts.message import Line, Sequence
from interlock.contracts.observed import Names, Patterns, ViolatedBy


class GuardJoined(Fact, frozen=True, kw_only=True):
    """A guard is there, and has these principals' processes in its hands."""

    principal: str
    incarnation: str
    host: str = ""
    children: Names = ()


class AccessJoined(Fact, frozen=True, kw_only=True):
    """An access service is there: ends of connections are seen from now on."""

    principal: str
    incarnation: str
    host: str = ""


class ExitObserved(Fact, frozen=True, kw_only=True):
    """A guard has seen a process end; `input` is what it said of that, `pid` the process."""

    principal: str
    input: Sequence
    observer: str
    exited_us: int
    pid: int = 0


class ConnectionObserved(Fact, frozen=True, kw_only=True):
    """A principal has no connection any more, as an access service has seen; `input` is what it said."""

    principal: str
    input: Sequence
    observer: str
    ended_us: int


class AccessViolated(Fact, frozen=True, kw_only=True):
    """A principal tried what is not its own; it was refused. `input` is the attempt, or who saw it."""

    at_ms: int
    principal: str
    action: ViolatedBy
    target: Line = ""
    times: int = 1
    detail: Line = ""
    input: Sequence = 0
    observer: str = ""


class Entitled(Fact, frozen=True, kw_only=True):
    """What may be done in this principal's name, as `Entitlement` says it."""

    principal: str
    roles: Names = ()
    tenants: Names = ()
    tools: Patterns = ()
    models: Patterns = ()
    groups: Names = ()
    keys: Names = ()
    until_ms: int = 0
