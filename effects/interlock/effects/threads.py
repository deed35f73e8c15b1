"""A few threads for work that blocks, so that the event loop stays free to hear a stop.

Work that has begun cannot be interrupted: who cancels goes on without its result, and the process that ends
does not wait for it, as it would for an executor's threads.
"""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, TypeVar

from interlock.effects.deed import Deed

T = TypeVar("T")

_Job = tuple[asyncio.AbstractEventLoop, asyncio.Future[Any], Callable[[], Any], Deed]


class Threads:
    """At most `count` pieces of work at once, the rest in order; threads start when they are needed."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._started = 0
        self._busy = 0

    async def run(self, work: Callable[[], T], deed: Deed | None = None) -> T:
        """Return what `work` returns, or raise what it raises; what is cancelled in time never begins.

        `deed` tells, also after a cancellation, how far it has come.
        """
        deed = deed or Deed()
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()
        self._busy += 1
        if self._busy > self._started < self._count:
            self._started += 1
            threading.Thread(target=self._serve, name=f"effect-{self._started}", daemon=True).start()
        self._jobs.put((loop, done, work, deed))
        try:
            return await done
        except asyncio.CancelledError:
            deed.stop()
            raise
        finally:
            self._busy -= 1

    def close(self) -> None:
        """Let idle threads end."""
        for _ in range(self._started):
            self._jobs.put(None)

    def _serve(self) -> None:
        while (job := self._jobs.get()) is not None:
            loop, done, work, deed = job
            # Cancelled is known here at once, and to the deed only when its waiter has had its turn.
            if done.cancelled() or not deed.begin():
                continue
            tell: Callable[[Any], None]
            try:
                told, tell = work(), done.set_result
            except BaseException as error:  # noqa: BLE001 - it is raised again where the result is awaited
                told, tell = error, done.set_exception
            deed.end()
            # The loop may be closed by now; then nobody waits for this any more.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(_settle, done, tell, told)


def _settle(done: asyncio.Future[Any], tell: Callable[[Any], None], told: Any) -> None:
    if not done.done():
        tell(told)
