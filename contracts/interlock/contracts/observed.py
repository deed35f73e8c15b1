"""What those who watch have seen: guards of processes, access services of connections and principals.

A guard sees the processes of its host, an access service who connects and is refused. They say what they saw
and when; what follows is not theirs. Times are microseconds since the epoch, by the clock of whoever saw it.
"""

from typing import Annotated, Literal

import msgspec

from interlock.contracts import limits
from interlock.contracts.message import Count, Line, Message, Name, Reason

Names = Annotated[tuple[Name, ...], msgspec.Meta(max_length=limits.MAX_CHILDREN)]
Patterns = Annotated[tuple[Name, ...], msgspec.Meta(max_length=limits.MAX_OFFERS)]
ViolatedBy = Literal["connect", "publish", "subscribe", "payload", "flood", "forge", "replay"]


class GuardHello(Message, frozen=True, kw_only=True):
    """A guard is there, and starts, kills and watches the processes of these principals."""

    incarnation: Name
    host: str = ""
    children: Names = ()


class ProcessExited(Message, frozen=True, kw_only=True):
    """A guard has seen a process and everything that it had started end.

    `signal` is what ended it (0: it ended by itself, with `code`); `processes` counts it and its offspring.
    `told_us` is when the guard heard of the order (0: nobody had ordered it), `exited_us` when the last of
    them was gone. `given_up` says why the guard keeps it no more, and what to do; then `pid` may be 0, and it
    tells of no end: perhaps it could never be started.
    """

    principal: Name
    pid: int
    host: str = ""
    code: int = 0
    signal: int = 0
    processes: Count = 1
    told_us: Count = 0
    exited_us: Count = 0
    reason: Reason = ""
    given_up: Line = ""


class AccessHello(Message, frozen=True, kw_only=True):
    """An access service is there: it admits principals, and sees connections end."""

    incarnation: Name
    host: str = ""


class ConnectionEnded(Message, frozen=True, kw_only=True):
    """The server has ended a connection, at `ended_us` by its clock.

    `kicked` is whether the access service had ordered it; `clients` is how many of the principal's are left.
    """

    principal: Name
    kicked: bool = False
    clients: Count = 0
    ended_us: Count = 0
    reason: Reason = ""


class Violation(Message, frozen=True, kw_only=True):
    """Somebody tried what is not theirs, so often since it was last said; the server refused.

    `principal` is empty when nobody could tell who it was; `target` is a subject, or what was tried.
    """

    principal: str = ""
    action: ViolatedBy
    target: Line = ""
    times: Count = 1
    detail: Line = ""


class Entitlement(Message, frozen=True, kw_only=True):
    """What the principal that the subject names may have done in its name; an empty field allows all.

    `roles` are a person's roles, and of an agent those of which it may have a charter. `models` are patterns,
    such as `openai/*`. Of a person, `groups` are those for which it may approve, and `keys` the public nkeys
    by which it signs; of these an empty field allows nothing, and both count until `until_ms` (milliseconds
    since the epoch; 0: until something else is said).
    """

    roles: Names = ()
    tenants: Names = ()
    tools: Patterns = ()
    models: Patterns = ()
    groups: Names = ()
    keys: Names = ()
    until_ms: Count = 0


def lasts(until_ms: int, at_ms: int) -> bool:
    """Tell whether what ends then (0: never) is good at a time."""
    return not until_ms or at_ms < until_ms
