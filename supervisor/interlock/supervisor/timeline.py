"""The time of decisions: it never runs backwards in the log, whoever leads and however their clocks differ.

Inputs bring the time at which they were stored, ticks the clock of this machine; neither may lie before what
was decided already. Where another clock ran ahead, or one has jumped back, time goes on from there at its
usual pace. What is remembered stands in the log too, so that whoever decides again from the log comes to the
same times.
"""

from interlock.bus.clock import monotonic_ms, now_ms


class Timeline:
    """Times in ms since the epoch; `latest_ms` is the latest one in the log."""

    def __init__(self, latest_ms: int = 0) -> None:
        self._latest_ms = latest_ms
        self._reached_ms = monotonic_ms()

    def now_ms(self) -> int:
        """Return the time of something that this supervisor sees itself, now."""
        elapsed_ms = monotonic_ms() - self._reached_ms
        return max(now_ms(), self._latest_ms + elapsed_ms)

    def at_ms(self, stored_ms: int) -> int:
        """Return the time at which an input is decided about that was stored then."""
        self.reach(stored_ms)
        return self._latest_ms

    def reach(self, at_ms: int) -> None:
        """Note that something was decided then."""
        if at_ms > self._latest_ms:
            self._latest_ms, self._reached_ms = at_ms, monotonic_ms()
