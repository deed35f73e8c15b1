"""Follows decisions until one comes that is waited for, at most so long. What that is, the caller knows."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from interlock.bus.ports import Bus, Record

T = TypeVar("T")


async def awaited(
    bus: Bus, subject: str, look: Callable[[Record], T | None], *, start_seq: int, timeout_s: float
) -> T | None:
    """Return the first thing that `look` makes of a record, None when it takes too long."""
    found: asyncio.Future[T] = asyncio.get_running_loop().create_future()

    async def on_record(record: Record) -> None:
        seen = look(record)
        if seen is not None and not found.done():
            found.set_result(seen)

    following = await bus.follow([subject], on_record, start_seq=start_seq)
    try:
        async with asyncio.timeout(timeout_s):
            return await found
    except TimeoutError:
        return None
    finally:
        await following.stop()
