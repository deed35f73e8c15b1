"""The clocks of a process: the one place where time enters. The pure core is told the time, it never asks.

A simulation sets a clock for a context; everything that runs in that context lives in its time.
"""

import time
from contextvars import ContextVar
from typing import Protocol


class Clock(Protocol):
    """Time as one process sees it."""

    def now_ms(self) -> int:
        """Return milliseconds since the epoch."""
        ...

    def monotonic_ms(self) -> int:
        """Return milliseconds that never go backwards."""
        ...


_STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)

_simulated: ContextVar[Clock | None] = ContextVar("interlock_clock", default=None)


def simulate(clock: Clock) -> None:
    """Let time be what `clock` says, in this context only."""
    _simulated.set(clock)


def now_ms() -> int:
    """Return milliseconds since the epoch; comparable between machines as far as their clocks agree."""
    clock = _simulated.get()
    return time.time_ns() // 1_000_000 if clock is None else clock.now_ms()


def now_us() -> int:
    """Return microseconds since the epoch, for what is measured rather than decided."""
    clock = _simulated.get()
    return time.time_ns() // 1_000 if clock is None else clock.now_ms() * 1_000


def steady_ms() -> int:
    """Return milliseconds that never go backwards, and pass also while the machine sleeps (on Linux)."""
    clock = _simulated.get()
    if clock is not None:
        return clock.monotonic_ms()
    return time.clock_gettime_ns(_STEADY) // 1_000_000


def monotonic_ms() -> int:
    """Return milliseconds that never go backwards; comparable within one process only."""
    clock = _simulated.get()
    return time.monotonic_ns() // 1_000_000 if clock is None else clock.monotonic_ms()
