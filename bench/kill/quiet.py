"""Waits until the machine has nothing to do: what is measured in idleness shall be so."""

import asyncio
import os
from pathlib import Path

LOOK_S = 0.05
PATIENCE_S = 0.5
TICK_S = 1 / os.sysconf("SC_CLK_TCK")
FREE = 0.8
_IDLE = slice(4, 6)


async def quiet(busy_cores: int) -> bool:
    """Wait until all cores but so many were idle for a moment; False: they never were, in half a second."""
    loop = asyncio.get_running_loop()
    until_s = loop.time() + PATIENCE_S
    wanted_s = ((os.cpu_count() or 1) - busy_cores) * LOOK_S * FREE
    while loop.time() < until_s:
        before_s = _idle_s()
        await asyncio.sleep(LOOK_S)
        if _idle_s() - before_s >= wanted_s:
            return True
    return False


def _idle_s() -> float:
    words = Path("/proc/stat").read_text().split(maxsplit=8)
    return sum(map(int, words[_IDLE])) * TICK_S
