"""What the guard tells whoever started it: one JSON object a line on standard output.

Nobody can hold it up by not reading: a line that does not fit into the pipe is lost, and so is every one
when nobody is there.
"""

import os
import sys
from collections.abc import Callable
from contextlib import suppress

import msgspec

# What POSIX writes at once or not at all.
MOST_BYTES = 4_096
MOST_REASON_CHARS = 600


class Started(msgspec.Struct, frozen=True, tag="started", tag_field="event"):
    """A child runs."""

    name: str
    pid: int


class Ready(msgspec.Struct, frozen=True, tag="ready", tag_field="event"):
    """A child has said that it is ready."""

    name: str


class Exited(msgspec.Struct, frozen=True, tag="exited", tag_field="event"):
    """A child and everything that it had started have ended; `ordered` by a kill, not by itself."""

    name: str
    pid: int
    code: int
    signal: int
    ordered: bool


class Up(msgspec.Struct, frozen=True, tag="up", tag_field="event"):
    """Every child was started, but those that a switch holds."""

    held: tuple[str, ...] = ()


class GaveUp(msgspec.Struct, frozen=True, tag="gave_up", tag_field="event"):
    """Everything is being stopped; `name` is the child because of which, if it is one."""

    name: str
    reason: str


Event = Started | Ready | Exited | Up | GaveUp

Tell = Callable[[Event], None]

read_event = msgspec.json.Decoder(Event).decode


class Voice:
    """Standard output, as a line of events."""

    def __init__(self) -> None:
        self._descriptor = sys.stdout.fileno()
        if not os.isatty(self._descriptor):
            os.set_blocking(self._descriptor, False)

    def say(self, event: Event) -> None:
        """Tell one event."""
        if isinstance(event, GaveUp):
            event = msgspec.structs.replace(event, reason=event.reason[:MOST_REASON_CHARS])
        line = msgspec.json.encode(event) + b"\n"
        if len(line) <= MOST_BYTES:
            with suppress(OSError):
                os.write(self._descriptor, line)
