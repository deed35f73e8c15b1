"""The dead man's handle: nothing begins unless somebody who decides was heard lately, and heard by us. Pure.

Whoever stood still, or was cut off, cannot tell old signs of life from new ones: they may have waited in the
socket. It is then in doubt until it has heard from the server itself, and only signs that come after that
count. Who has just begun to listen can hear nothing old: until it first stands still, signs count before that
too. A machine whose clocks stand still together with it cannot notice; of that the log's order takes care.
"""

HANDLE_MS = 3_000
TICK_MS = 250
LATE_MS = 1_000
_FIRST = 1


class Handle:
    """Whether a worker may begin anything; times are milliseconds that pass while it stands still too.

    It begins in doubt. Someone has to `look` every TICK_MS: a look that comes late is how it notices.
    """

    def __init__(self, now_ms: int) -> None:
        self._looked_ms = now_ms
        self._heard_ms: int | None = None
        self._doubts = _FIRST
        self._proved = 0

    @property
    def doubts(self) -> int:
        """How often it was in doubt; a proof is a proof against the doubts before it."""
        return self._doubts

    @property
    def in_doubt(self) -> bool:
        """Whether what comes in may be old."""
        return self._proved != self._doubts

    def look(self, now_ms: int) -> bool:
        """Note that this process is at work; return whether it has just noticed that it was not."""
        late = now_ms - self._looked_ms > TICK_MS + LATE_MS
        self._looked_ms = now_ms
        if late:
            self.doubt()
        return late

    def doubt(self) -> None:
        """Let nothing count that was heard, until it is proved that what comes is new."""
        self._doubts += 1
        self._heard_ms = None

    def prove(self, doubts: int) -> None:
        """Let signs of life count from now on, unless there was another doubt than those `doubts` since."""
        self._proved = max(self._proved, doubts)

    def heard(self, now_ms: int) -> None:
        """Take a sign of life of the supervisor that leads."""
        self.look(now_ms)
        if not self.in_doubt or self._doubts == _FIRST:
            self._heard_ms = now_ms

    def why_not(self, now_ms: int) -> str:
        """Return why nothing may begin now; empty: it may."""
        self.look(now_ms)
        if self.in_doubt:
            return "this worker has just begun, stood still or was cut off: it reads the switches first"
        if self._heard_ms is None:
            return "no supervisor that leads was heard yet"
        if now_ms - self._heard_ms > HANDLE_MS:
            return f"no supervisor that leads was heard for {(now_ms - self._heard_ms) / 1000:.1f} s"
        return ""
