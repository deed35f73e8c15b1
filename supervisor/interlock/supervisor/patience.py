"""How long agents have to confirm that they have stopped what was killed in their hands.

It counts by the clock of this process alone: the time for it is shorter than clocks of machines differ. While
nothing could be heard, no time is lost. What follows when it is over, nobody knows here.
"""

import asyncio
from collections.abc import Callable

from immutables import Map

from interlock.bus.clock import monotonic_ms
from interlock.supervisor.core.kill import Stopping
from interlock.supervisor.core.limits import GRACE_MS

# A timer that comes so much later was held up with everything else in this process.
LATE_MS = 100

Awaited = Map[tuple[int, str], Stopping]


class Patience:
    """Calls `over(principal)` for who has not confirmed in time; `hears()`: whether all was heard so far."""

    def __init__(
        self, over: Callable[[str], None], hears: Callable[[], bool], *, grace_ms: int = GRACE_MS
    ) -> None:
        self._over = over
        self._hears = hears
        self._grace_ms = grace_ms
        self._loop = asyncio.get_running_loop()
        self._since_ms: dict[tuple[int, str], int] = {}
        self._awaited: Awaited = Map()
        self._timer: asyncio.TimerHandle | None = None
        self._due_ms = 0

    def expect(self, awaited: Awaited) -> None:
        """Say who is to confirm now; for those who are new the time begins."""
        self._awaited = awaited
        now_ms = monotonic_ms()
        self._since_ms = {key: self._since_ms.get(key, now_ms) for key in awaited}
        self._arm(now_ms)

    def stop(self) -> None:
        """Expect nobody."""
        self.expect(Map())

    def _arm(self, now_ms: int) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._since_ms:
            self._due_ms = max(now_ms, min(self._since_ms.values()) + self._grace_ms)
            self._timer = self._loop.call_later((self._due_ms - now_ms) / 1_000, self._look)

    def _look(self) -> None:
        now_ms = monotonic_ms()
        if now_ms - self._due_ms > LATE_MS or not self._hears():
            self._since_ms = dict.fromkeys(self._since_ms, now_ms)
        over = [key for key, since_ms in self._since_ms.items() if now_ms - since_ms >= self._grace_ms]
        late = sorted({self._awaited[key].principal for key in over})
        for key in over:
            del self._since_ms[key]
        self._arm(now_ms)
        for principal in late:
            self._over(principal)
