"""Starts the guard of a local environment, hears from it what runs, keeps it running, and stops it.

It knows processes and their ends, not tasks. The guard keeps all others; what a guard leaves that was killed
is ended here, before the next one starts.
"""

import asyncio
import contextlib
import os
from collections.abc import Awaitable, Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from interlock.bus.logs import log
from interlock.bus.process import UNREACHABLE, USAGE
from interlock.console.embedded import EmbeddedServer
from interlock.console.errors import GaveUp, NotRunning
from interlock.console.last_words import last_words
from interlock.console.leftovers import Leftovers
from interlock.console.processes import GUARD, JOINING, GuardProcess
from interlock.supervisor.guard import voice
from interlock.supervisor.guard.intensity import Deaths, Intensity
from interlock.supervisor.guard.plan import Child, Plan

READY_S = 30.0
STOP_MARGIN_S = 10.0
PLAN = "INTERLOCK_GUARD_PLAN"

WaitReady = Callable[[frozenset[str]], Awaitable[None]]


class Launcher:
    """The guard of this process, and what it guards."""

    def __init__(
        self,
        guard: GuardProcess,
        children: Sequence[Child],
        *,
        intensity: Intensity | None = None,
        beside: EmbeddedServer | None = None,
    ) -> None:
        self._guard = guard
        self._children = tuple(children)
        self._intensity = intensity or Intensity()
        self._leftovers = Leftovers(beside)
        self._process: asyncio.subprocess.Process | None = None
        self._pids: dict[str, int] = {}
        self._died: set[str] = set()
        self._said = {child.name: asyncio.Event() for child in self._children if child.ready}
        self._held: frozenset[str] = frozenset()
        self._up = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None
        self._failure: asyncio.Future[GaveUp] = asyncio.get_running_loop().create_future()
        self._stopping = False

    @property
    def pids(self) -> dict[str, int]:
        """The process id of the guard and of each child that runs now."""
        return ({GUARD: self._process.pid} if self._process else {}) | self._pids

    @property
    def held(self) -> frozenset[str]:
        """Who was not started, because a kill holds them."""
        return self._held

    def log_of(self, name: str) -> Path:
        """Return where the output of a child stands."""
        return next((Path(child.log) for child in self._children if child.name == name), self._guard.log)

    async def start(self, *, timeout_s: float = READY_S) -> None:
        """Start the guard, and wait until it has started all; raise NotRunning or GaveUp."""
        self._leftovers.adopt()
        self._process = await self._begin()
        self._keeper = asyncio.create_task(self._keep())
        await self._unless_failed(self._up.wait(), timeout_s)

    async def ready(self, wait: WaitReady, *, timeout_s: float = READY_S) -> None:
        """Wait until `wait` has seen the guard, and every child that joins and may; raises NotRunning.

        Those that say when they are ready have said so by then.
        """
        joining = {GUARD, *(child.name for child in self._children if child.role in JOINING)} - self._held

        async def all_there() -> None:
            await wait(frozenset(joining))
            for name in self._said.keys() - self._held:
                await self._said[name].wait()

        await self._unless_failed(all_there(), timeout_s)

    async def failed(self) -> GaveUp:
        """Wait until a child died too often; the answer says which, and what it said last."""
        return await asyncio.shield(self._failure)

    def give_up(self, reason: str) -> None:
        """Let `failed` and `ready` know that it makes no sense to go on."""
        if not self._failure.done():
            self._failure.set_result(GaveUp(reason))

    async def stop(self) -> None:
        """Let the guard end all children in reverse; each order has its grace before it is killed."""
        self._stopping = True
        if self._process is not None and self._process.returncode is None:
            graces = {child.order: child.grace_s for child in self._children}
            self._process.terminate()
            try:
                async with asyncio.timeout(sum(graces.values()) + STOP_MARGIN_S):
                    await self._process.wait()
            except TimeoutError:
                self._process.kill()
        if self._keeper is not None:
            await self._keeper
        await self._leftovers.end()
        self._leftovers.disown()
        self._pids.clear()

    async def _begin(self) -> asyncio.subprocess.Process:
        """Start a guard; its plan holds secrets, so it stands in memory and not in a file."""
        plan = os.memfd_create("guard-plan")
        try:
            os.write(plan, msgspec.json.encode(Plan(children=self._children, intensity=self._intensity)))
            with self._guard.log.open("ab", buffering=0) as output:
                return await asyncio.create_subprocess_exec(
                    *self._guard.command,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=output,
                    env=self._guard.environment
                    | {PLAN: f"/proc/self/fd/{plan}", "INTERLOCK_PARENT": str(os.getpid())},
                    cwd="/",
                    start_new_session=True,
                    pass_fds=(plan,),
                )
        except OSError as error:
            raise NotRunning(f"the guard cannot be started: {error.strerror}") from error
        finally:
            os.close(plan)

    async def _keep(self) -> None:
        """Hear the guard to its end, end what it leaves, and start another one if that may be."""
        loop = asyncio.get_running_loop()
        deaths = Deaths()
        while self._process is not None:
            code = await self._hear(self._process)
            if self._stopping:
                return
            log.error("guard_died", code=code)
            await self._leftovers.end()
            self._pids.clear()
            deaths = deaths.after(loop.time(), self._intensity)
            if code in {USAGE, UNREACHABLE} or deaths.are_too_many(self._intensity):
                self.give_up(
                    f"{GUARD} ended with code {code}, everything is stopped; "
                    f"{last_words(GUARD, self._guard.log)}"
                )
            if self._failure.done():
                return
            try:
                self._process = await self._begin()
            except NotRunning as error:
                self.give_up(str(error))
                return

    async def _hear(self, process: asyncio.subprocess.Process) -> int:
        assert process.stdout is not None
        async for line in process.stdout:
            with contextlib.suppress(msgspec.MsgspecError):
                self._take(voice.read_event(line))
        return await process.wait()

    def _take(self, event: voice.Event) -> None:
        match event:
            case voice.Started():
                self._pids[event.name] = event.pid
            case voice.Exited():
                if self._pids.get(event.name) == event.pid:
                    del self._pids[event.name]
                self._died.add(event.name)
                if not self._stopping:
                    log.warning("process_died", process=event.name, code=event.code or -event.signal)
            case voice.Up():
                self._held = frozenset(event.held)
                self._up.set()
            case voice.GaveUp():
                self.give_up(f"{event.reason}; {last_words(event.name, self.log_of(event.name))}")
            case voice.Ready():
                self._said[event.name].set()
                log.info("process_ready", process=event.name)

    async def _unless_failed(self, wait: Awaitable[Any], timeout_s: float) -> None:
        waiting = asyncio.ensure_future(wait)
        try:
            async with asyncio.timeout(timeout_s):
                either: set[asyncio.Future[Any]] = {waiting, self._failure}
                await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError:
            raise NotRunning(f"not ready within {timeout_s:.0f} s: {self._complaints()}") from None
        finally:
            if not waiting.done():
                waiting.cancel()
        if self._failure.done():
            raise self._failure.result()
        waiting.result()

    def _complaints(self) -> str:
        late: Iterable[str] = (name for name in sorted(self._died))
        return "; ".join(last_words(name, self.log_of(name)) for name in late) or (
            f"no process has died; their logs are in {self._guard.log.parent}"
        )
