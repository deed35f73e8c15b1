"""What a folder of policies holds: Cedar policies and schemas, who is asked in which order, working hours.

The supervisor that leads says it on the log when the folder has changed; what follows, the core decides. How
a policy is evaluated it must not know.
"""

import hashlib
from typing import Annotated, Literal

import msgspec

from interlock.contracts import limits
from interlock.contracts.message import Message, Name, Part

AtLast = Literal["deny", "park"]
Weekday = Annotated[int, msgspec.Meta(ge=0, le=6)]
Minute = Annotated[int, msgspec.Meta(ge=0, le=1_440)]

_canonical = msgspec.json.Encoder(order="deterministic").encode


class PolicyFile(Part, frozen=True, kw_only=True):
    """One file of the folder, by its name."""

    name: Name
    text: Annotated[str, msgspec.Meta(max_length=limits.MAX_POLICY_CHARS)]


class Route(Part, frozen=True, kw_only=True):
    """What happens when nobody of a role answers.

    After `after_s` (0: never) the question goes to the role or person `then`; where nobody is left, what is
    asked is denied, or waits on. Only the hours of the calendar count, where one is named.
    """

    role: Name
    after_s: Annotated[int, msgspec.Meta(ge=0, le=limits.MAX_PAUSE_S)] = 0
    then: str = ""
    at_last: AtLast = "park"
    calendar: str = ""


class Calendar(Part, frozen=True, kw_only=True):
    """Working hours in local time: weekdays (0 is Monday), and minutes from midnight.

    `offsets` says how local time differs from UTC from a moment on: pairs of milliseconds since the epoch and
    minutes, in order; the first holds also before.
    """

    name: Name
    days: tuple[Weekday, ...]
    opens_minute: Minute
    closes_minute: Minute
    zone: str = "UTC"
    offsets: tuple[tuple[int, int], ...] = ((0, 0),)


class Policies(Part, frozen=True, kw_only=True):
    """Everything that a folder of policies says, in the order of the files' names."""

    policies: Annotated[tuple[PolicyFile, ...], msgspec.Meta(max_length=limits.MAX_POLICY_FILES)] = ()
    schemas: Annotated[tuple[PolicyFile, ...], msgspec.Meta(max_length=limits.MAX_POLICY_FILES)] = ()
    routes: Annotated[tuple[Route, ...], msgspec.Meta(max_length=limits.MAX_ROUTES)] = ()
    calendars: Annotated[tuple[Calendar, ...], msgspec.Meta(max_length=limits.MAX_ROUTES)] = ()

    @property
    def digest(self) -> str:
        """The version: the SHA-256 of everything above."""
        return hashlib.sha256(_canonical(self)).hexdigest()


class SetPolicies(Message, frozen=True, kw_only=True):
    """These policies shall hold from now on, as somebody has put them into the folder."""

    bundle: Policies
