"""Single file for conditional appends that a replicated log would not look at together.

A replicated log refuses a conditional message while another one that watches the same subject is on its way,
without having compared anything. Whoever was refused so goes again, in call order and one at a time for each
watched subject; nobody else is held up. A single server never says it, and then there are no lanes.
"""

import asyncio
from collections.abc import Callable
from heapq import heappop, heappush

import msgspec

from interlock.bus.append import Append

FIRST_PAUSE_S = 0.001
LONGEST_PAUSE_S = 0.25


class _Lane(msgspec.Struct):
    """Tokens of appends: a heap of those that wait, and the one on its way (0: none)."""

    waiting: list[int]
    going: int = 0
    pause_s: float = FIRST_PAUSE_S
    timer: asyncio.TimerHandle | None = None


class Lanes:
    """The lanes of one connection; `go(token)` sends an append, or says that nobody waits for it any more."""

    def __init__(self, go: Callable[[int], bool]) -> None:
        self._go = go
        self._loop = asyncio.get_running_loop()
        self._lanes: dict[str, _Lane] = {}

    def holds(self, token: int, append: Append) -> bool:
        """Take an append that has to wait for others; False when it may go now."""
        lane = self._lanes.get(append.watched) if append.conditional and self._lanes else None
        if lane is None:
            return False
        if lane.going or lane.waiting:
            heappush(lane.waiting, token)
            return True
        lane.going = token
        return False

    def busy(self, token: int, append: Append, *, at_least_s: float = FIRST_PAUSE_S) -> None:
        """Take an append back that the log would not look at."""
        lane = self._lanes.setdefault(append.watched, _Lane([]))
        heappush(lane.waiting, token)
        if lane.going == token:
            lane.going = 0
        if lane.timer is None and not lane.going:
            pause_s = max(lane.pause_s, at_least_s)
            lane.pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
            lane.timer = self._loop.call_later(pause_s, self._next, append.watched)

    def over(self, token: int, append: Append) -> None:
        """Let the next one go: this one has its answer, or nobody waits for it any more."""
        lane = self._lanes.get(append.watched) if self._lanes else None
        if lane is not None and lane.going == token:
            lane.going = 0
            lane.pause_s = FIRST_PAUSE_S
            if lane.timer is None:
                self._next(append.watched)
            if not lane.going and not lane.waiting and append.watched == append.subject:
                self._lanes.pop(append.watched, None)

    def _next(self, watched: str) -> None:
        lane = self._lanes[watched]
        lane.timer = None
        while lane.waiting and not lane.going:
            token = heappop(lane.waiting)
            lane.going = token if self._go(token) else 0
