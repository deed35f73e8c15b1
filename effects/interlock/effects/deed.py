"""One piece of work that blocks a thread: whether it has begun, and what an order to stop still prevents.

Nobody can interrupt a thread. But work that has not begun never begins after the order, and work that asks
for leave right before it changes anything does not get it. Safe to use from any thread.
"""

from threading import Lock


class Deed:
    """`asks_leave` is whether nothing happens outside before the work has called `leave`."""

    def __init__(self, *, asks_leave: bool = False) -> None:
        self._lock = Lock()
        self._asks_leave = asks_leave
        self._begun = self._left = self._ended = self._stopped = False

    def begin(self) -> bool:
        """Begin, unless it was stopped; called by the thread."""
        with self._lock:
            self._begun = not self._stopped
            return self._begun

    def leave(self) -> bool:
        """Return whether the work may now do what cannot be undone; from then on it may have happened."""
        with self._lock:
            self._left = self._left or not self._stopped
            return self._left

    def end(self) -> None:
        """Note that nothing of it runs any more; called by the thread."""
        with self._lock:
            self._ended = True

    def stop(self) -> None:
        """Order it to stop."""
        with self._lock:
            self._stopped = True

    @property
    def may_have_happened(self) -> bool:
        """Whether it may have changed something, or still may."""
        with self._lock:
            return self._left if self._asks_leave and self._stopped else self._begun

    @property
    def runs(self) -> bool:
        """Whether it goes on in its thread."""
        with self._lock:
            return self._begun and not self._ended
