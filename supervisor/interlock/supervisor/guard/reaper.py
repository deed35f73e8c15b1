"""Buries every process that ends below this one, and tells whoever waits for it; clears away what is left.

It knows processes by their numbers, and nothing of why they run.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable

from interlock.supervisor.guard.kernel import session_of
from interlock.supervisor.guard.strays import Strays

MOST_ROUNDS = 8
MOST_PASSES = 64
LOOK_AGAIN_S = 0.02

OnEnd = Callable[[int], None]


class Reaper:
    """All children of this process, its own and those it adopted; one for each process.

    `on_orphan(session)` is called for each one that ended and was nobody's own.
    """

    def __init__(self, on_orphan: Callable[[int], None]) -> None:
        self._on_orphan = on_orphan
        self._own: dict[int, OnEnd] = {}
        self._strays = Strays(self._has_a_home)
        self._loop = asyncio.get_running_loop()
        self._buried = asyncio.Event()

    def start(self) -> None:
        """Hear of every end."""
        self._loop.add_signal_handler(signal.SIGCHLD, self._on_signal)

    def stop(self) -> None:
        """Hear of no more."""
        self._loop.remove_signal_handler(signal.SIGCHLD)

    def watch(self, pid: int, on_end: OnEnd) -> None:
        """Call `on_end` with the status of waitpid when this child ends; till then its session is spared."""
        self._own[pid] = on_end

    def sweep(self) -> int:
        """Kill whoever belongs to nobody; return how many there are."""
        return self._strays.kill()

    async def clear(self, timeout_s: float) -> int:
        """Kill whoever belongs to nobody until none is left, at most so long; return how many are left."""
        until_s = self._loop.time() + timeout_s
        rounds = 0
        while True:
            self._bury()
            left = self._strays.kill()
            if not left or self._loop.time() > until_s:
                return left
            rounds += 1
            if rounds % MOST_ROUNDS == 0:
                await self._still(until_s)
            self._buried.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_AGAIN_S):
                    await self._buried.wait()

    async def _still(self, until_s: float) -> None:
        """Let nothing move any more before the next round of killing."""
        for _ in range(MOST_PASSES):
            if not self._strays.still() or self._loop.time() > until_s:
                return
            await asyncio.sleep(0)

    def _has_a_home(self, pid: int) -> bool:
        return pid in self._own or session_of(pid) in self._own

    def _on_signal(self) -> None:
        self._bury()

    def _bury(self) -> None:
        while True:
            try:
                ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                break
            if ended is None:
                break
            session = session_of(ended.si_pid)
            _, status = os.waitpid(ended.si_pid, 0)
            on_end = self._own.pop(ended.si_pid, None)
            if on_end is None:
                self._on_orphan(session)
            else:
                on_end(status)
        self._buried.set()
