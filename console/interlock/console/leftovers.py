"""What a guard leaves behind that was killed: adopted by this process, found and ended.

A guard's children die with it. What they had started in sessions of their own becomes ours: whatever is our
child, in a session that is not ours, and was neither there before nor is the server.
"""

import asyncio
import os
from contextlib import suppress

from interlock.bus.logs import log
from interlock.console.embedded import EmbeddedServer
from interlock.supervisor.guard import kernel
from interlock.supervisor.guard.strays import Strays

END_S = 5.0
LOOK_AGAIN_S = 0.005


class Leftovers:
    """The orphans of this process's guards; `beside` is a server that was started here too."""

    def __init__(self, beside: EmbeddedServer | None) -> None:
        self._beside = beside
        self._before: frozenset[int] = frozenset()
        self._adopted_already = False
        self._mine = os.getsid(0)
        self._server = 0

    def adopt(self) -> None:
        """Become who is given the orphans, from now on."""
        self._adopted_already = kernel.adopts_orphans()
        self._before = frozenset(kernel.children_of(os.getpid()))
        kernel.adopt_orphans()

    def disown(self) -> None:
        """Leave orphans to whom they were left before."""
        if not self._adopted_already:
            kernel.adopt_orphans(on=False)

    async def end(self) -> None:
        """Kill all of them until none is left, at most five seconds; nobody may be starting a server."""
        if self._beside is None:
            await self._end()
            return
        async with self._beside.steady() as self._server:
            await self._end()

    async def _end(self) -> None:
        loop = asyncio.get_running_loop()
        strays, deadline = Strays(self._spared), loop.time() + END_S
        while left := strays.kill():
            if loop.time() > deadline:
                log.error("processes_left", count=left)
                return
            _bury(strays.all())
            await asyncio.sleep(LOOK_AGAIN_S)

    def _spared(self, pid: int) -> bool:
        return pid in self._before or pid == self._server or kernel.session_of(pid) in {self._mine, 0}


def _bury(pids: list[int]) -> None:
    for pid in pids:
        with suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
