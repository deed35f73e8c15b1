"""Work that blocks does not hold up those who stop."""

import asyncio
import subprocess
import sys
import threading
from functools import partial

import pytest

from interlock.effects.threads import Threads

BLOCKED_FOR_EVER = """
import asyncio, threading
from interlock.effects.threads import Threads

async def main():
    working = asyncio.ensure_future(Threads(1).run(threading.Event().wait))
    await asyncio.sleep(0)
    working.cancel()

asyncio.run(main())
"""


async def test_what_work_returns_and_raises_comes_back() -> None:
    threads = Threads(2)
    squares = await asyncio.gather(*(threads.run(partial(pow, n, 2)) for n in range(10)))
    assert squares == [n * n for n in range(10)]
    with pytest.raises(ZeroDivisionError):
        await threads.run(lambda: 1 // 0)
    threads.close()


async def test_work_that_is_cancelled_while_it_waits_never_begins() -> None:
    # Given one thread that is busy, and work behind it
    threads = Threads(1)
    gate = threading.Event()
    done: list[str] = []
    first = asyncio.create_task(threads.run(gate.wait))
    second = asyncio.create_task(threads.run(lambda: done.append("second")))
    third = asyncio.create_task(threads.run(lambda: done.append("third")))
    await asyncio.sleep(0)
    # When the second is cancelled and the thread comes free
    second.cancel()
    gate.set()
    await asyncio.gather(first, third)
    # Then it was never done
    assert done == ["third"]
    threads.close()


def test_a_process_that_ends_does_not_wait_for_work() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", BLOCKED_FOR_EVER], capture_output=True, check=True, timeout=30, text=True
    )
    assert ended.stderr == ""
