"""Starts the processes of a local environment in order, keeps them running, and stops them in reverse.

It knows processes and their ends, not tasks. A child that dies is started again, but not without bound.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

import structlog

from interlock.bus.process import USAGE
from interlock.console.child import Running, start, tail
from interlock.console.errors import GaveUp, NotRunning
from interlock.console.intensity import Deaths, Intensity
from interlock.console.processes import Child

GRACE_S = 3.0
READY_S = 10.0

WaitReady = Callable[[frozenset[str]], Awaitable[None]]

log = structlog.get_logger()


class Launcher:
    """The children of this process."""

    def __init__(self, children: Iterable[Child], logs: Path, *, intensity: Intensity | None = None) -> None:
        self._children = tuple(children)
        self._logs = logs
        self._intensity = intensity or Intensity()
        self._running: dict[str, Running] = {}
        self._deaths = {child.name: Deaths() for child in self._children}
        self._keepers: list[asyncio.Task[None]] = []
        self._failure: asyncio.Future[GaveUp] = asyncio.get_running_loop().create_future()
        self._stopping = False

    @property
    def pids(self) -> dict[str, int]:
        """The process id of each child now."""
        return {name: running.pid for name, running in self._running.items()}

    def log_of(self, name: str) -> Path:
        """Return where the output of a child stands."""
        return self._logs / f"{name}.log"

    async def start(self) -> None:
        """Start all children at once; who needs another waits for it by itself."""
        for child in self._children:
            self._running[child.name] = await start(child, self.log_of(child.name))
        self._keepers = [asyncio.create_task(self._keep(child)) for child in self._children]

    async def ready(self, wait: WaitReady, *, timeout_s: float = READY_S) -> None:
        """Wait until `wait` has seen every child that joins; raises NotRunning with who is late."""
        joining = {child.name for child in self._children if child.joins}
        seeing = asyncio.ensure_future(wait(frozenset(joining)))
        try:
            async with asyncio.timeout(timeout_s):
                either: set[asyncio.Future[Any]] = {seeing, self._failure}
                await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError:
            raise NotRunning(f"not ready within {timeout_s:.0f} s: {self._complaints()}") from None
        finally:
            if not seeing.done():
                seeing.cancel()
        if self._failure.done():
            raise self._failure.result()
        seeing.result()

    async def failed(self) -> GaveUp:
        """Wait until a child died too often; the answer says which, and what it said last."""
        return await asyncio.shield(self._failure)

    def give_up(self, reason: str) -> None:
        """Let `failed` and `ready` know that it makes no sense to go on."""
        if not self._failure.done():
            self._failure.set_result(GaveUp(reason))

    async def stop(self, *, grace_s: float = GRACE_S) -> None:
        """End all children, the last stage first; each stage has `grace_s` before it is killed."""
        self._stopping = True
        for keeper in self._keepers:
            keeper.cancel()
        for stage in sorted({child.stage for child in self._children}, reverse=True):
            of_stage = [running for running in self._running.values() if running.child.stage == stage]
            await asyncio.gather(*(running.stop(grace_s=grace_s) for running in of_stage))
        self._running.clear()

    async def _keep(self, child: Child) -> None:
        loop = asyncio.get_running_loop()
        while True:
            code = await self._running[child.name].ended()
            log.warning("process_died", process=child.name, code=code)
            if code == USAGE:
                self.give_up(f"{child.name} cannot work as it was started; {self._last_words(child.name)}")
                return
            deaths = self._deaths[child.name] = self._deaths[child.name].after(loop.time(), self._intensity)
            if deaths.are_too_many(self._intensity):
                self.give_up(
                    f"{child.name} died {len(deaths.at_s)} times within {self._intensity.period_s:.0f} s, "
                    f"everything is stopped; {self._last_words(child.name)}"
                )
                return
            try:
                self._running[child.name] = await start(child, self.log_of(child.name))
            except NotRunning as error:
                self.give_up(str(error))
                return

    def _complaints(self) -> str:
        return "; ".join(
            self._last_words(child.name) for child in self._children if self._has_died(child.name)
        ) or (f"no process has died; their logs are in {self._logs}")

    def _has_died(self, name: str) -> bool:
        return bool(self._deaths[name].at_s)

    def _last_words(self, name: str) -> str:
        words = tail(self.log_of(name))
        return (
            f"{name} said last: {words}" if words else f"{name} said nothing; its log is {self.log_of(name)}"
        )
