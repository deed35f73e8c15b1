"""The clocks of a process: the one place where time enters. The pure core is told the time, it never asks."""

import time


def now_ms() -> int:
    """Return milliseconds since the epoch; comparable between machines as far as their clocks agree."""
    return time.time_ns() // 1_000_000


def monotonic_ms() -> int:
    """Return milliseconds that never go backwards; comparable within one process only."""
    return time.monotonic_ns() // 1_000_000
