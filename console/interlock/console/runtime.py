"""How a command waits: one event loop, and Ctrl-C or SIGTERM as a cancellation that lets it end in order."""

import asyncio
import gc
import signal
from collections.abc import Coroutine
from typing import Any

import uvloop

from interlock.console.exits import Exit
from interlock.console.records import drop_records

GARBAGE_THRESHOLDS = (200_000, 20, 20)


def run_async(main: Coroutine[Any, Any, int]) -> int:
    """Run a command's coroutine and return its exit code; a cancelled one returns `Exit.INTERRUPTED`."""
    drop_records()
    look_seldom_for_garbage()
    return uvloop.run(_until_told(main))


def look_seldom_for_garbage() -> None:
    """Let the collector come seldom.

    A log is read into many small values that stay, as what is loaded does: to look through them again and
    again takes longer than to make them.
    """
    gc.freeze()
    gc.set_threshold(*GARBAGE_THRESHOLDS)


async def _until_told(main: Coroutine[Any, Any, int]) -> int:
    task = asyncio.ensure_future(main)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    try:
        return await task
    except asyncio.CancelledError:
        return Exit.INTERRUPTED
