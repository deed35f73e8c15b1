"""A simulated process: a context of its own, a queue of callbacks, a clock; it can be frozen and killed.

It must not know what runs in it.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from contextvars import Context, ContextVar, copy_context
from typing import Any, Protocol

import msgspec

from interlock.bus import clock

DAY_MS = 86_400_000
EPOCH_MS = 20_834 * DAY_MS - 12_000
"""The beginning of a simulation, twelve seconds before midnight UTC: every run lives through a new day."""
MOST_TASKS_HELD = 512

PROCESS: "ContextVar[Process]" = ContextVar("simulated_process")


class Timed(Protocol):
    """Whoever knows the virtual time."""

    now_s: float


class SimulatedClock:
    """A clock that goes wrong: `offset_ms` off, and `drift` milliseconds more in every millisecond."""

    def __init__(self, timed: Timed, *, offset_ms: int = 0, drift: float = 0.0) -> None:
        self.offset_ms = offset_ms
        self.drift = drift
        self._timed = timed

    def now_ms(self) -> int:
        """Return milliseconds since the epoch, as this process believes."""
        return EPOCH_MS + self.offset_ms + int(self._timed.now_s * 1_000 * (1 + self.drift))

    def monotonic_ms(self) -> int:
        """Return milliseconds since the beginning."""
        return int(self._timed.now_s * 1_000 * (1 + self.drift))


class Handle(msgspec.Struct, order=True):
    """One callback in one process; of two the one that is due first is the lesser.

    It stands in for asyncio's TimerHandle, which takes twice as long to make and to compare.
    """

    when_s: float
    place: int
    callback: Callable[..., object]
    args: tuple[Any, ...]
    process: "Process"
    context: Context
    is_cancelled: bool = False

    def cancel(self) -> None:
        """Let it not be called."""
        self.is_cancelled = True

    def cancelled(self) -> bool:
        """Tell whether it was cancelled."""
        return self.is_cancelled

    def when(self) -> float:
        """Return the virtual time at which it is due."""
        return self.when_s


class Process:
    """One life of one process. When it is killed, nothing of it runs any more, not even a `finally`."""

    def __init__(self, name: str, clock_of_it: SimulatedClock) -> None:
        self.name = name
        self.clock = clock_of_it
        self.queue: deque[Handle] = deque()
        self.listed = False
        self.frozen = False
        self.dead = False
        self.on_death: Callable[[], None] = _nothing
        self.fuse: int | None = None
        self._tasks: list[asyncio.Task[Any]] = []
        self.context = copy_context()
        self.context.run(self._enter)

    def _enter(self) -> None:
        PROCESS.set(self)
        clock.simulate(self.clock)

    def adopt(self, task: "asyncio.Task[Any]") -> None:
        """Keep hold of a task of this process."""
        if len(self._tasks) > MOST_TASKS_HELD:
            self._tasks = [held for held in self._tasks if not held.done()]
        self._tasks.append(task)

    def kill_after(self, steps: int) -> None:
        """Let it be killed after so many more callbacks, wherever that is."""
        self.fuse = steps
        if steps <= 0:
            self.kill()

    @property
    def fused(self) -> bool:
        """Whether it is about to be killed."""
        return self.fuse is not None and not self.dead

    def disarm(self) -> None:
        """Let it live on."""
        self.fuse = None

    def after_a_step(self) -> None:
        """Count a callback that has run."""
        if self.fuse is not None and not self.dead:
            self.fuse -= 1
            if self.fuse <= 0:
                self.kill()

    def kill(self) -> None:
        """Kill it, as SIGKILL does."""
        if not self.dead:
            self.dead = True
            self.queue.clear()
            self.on_death()

    def bury(self) -> None:
        """Close what the process has left behind; the simulation is over."""
        self.dead = True
        for task in self._tasks:
            if not task.done():
                # What its `finally` still tries comes to nothing: a dead process queues nothing.
                with contextlib.suppress(Exception):
                    self.context.run(task.get_coro().close)
        self._tasks.clear()


def _nothing() -> None:
    return
