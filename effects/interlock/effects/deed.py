"""One piece of work: whether it has begun, and what an order to stop still prevents.

Nobody can interrupt a thread. But work that has not begun never begins after the order, and work that asks
for leave right before it changes anything does not get it. Safe to use from any thread.
"""

import asyncio
from threading import Lock


class Stopped(asyncio.CancelledError):
    """A call that was cancelled.

    `started` is whether it may have happened: not, where its provider cannot have known of it or its tool
    had changed nothing. `running` is whether it goes on, and nobody can interrupt it, `doubtful` whether it
    may have changed something outside.
    """

    def __init__(self, *, started: bool, running: bool = False, doubtful: bool = False) -> None:
        super().__init__()
        self.started = started
        self.running = running
        self.doubtful = doubtful


class Deed:
    """`asks_leave` is whether nothing happens outside before the work has asked for leave and got it."""

    def __init__(self, *, asks_leave: bool = False) -> None:
        self._lock = Lock()
        self._asks_leave = asks_leave
        self._begun = self._has_leave = self._ended = self._stopped = False

    def begin(self) -> bool:
        """Begin, unless it was stopped; called by whoever does it."""
        with self._lock:
            self._begun = not self._stopped
            return self._begun

    def leave(self) -> bool:
        """Return whether the work may now do what cannot be undone; who has leave keeps it."""
        with self._lock:
            self._has_leave = self._has_leave or not self._stopped
            return self._has_leave

    def end(self) -> None:
        """Note that nothing of it runs any more; called by whoever does it."""
        with self._lock:
            self._ended = True

    def stop(self) -> None:
        """Order it to stop."""
        with self._lock:
            self._stopped = True

    @property
    def may_have_happened(self) -> bool:
        """Whether something has come of it, or still may."""
        with self._lock:
            return self._begun and not self._prevented

    @property
    def runs(self) -> bool:
        """Whether it goes on all the same, and something may yet come of it."""
        with self._lock:
            return self._begun and not self._ended and not self._prevented

    @property
    def _prevented(self) -> bool:
        return self._asks_leave and self._stopped and not self._has_leave
