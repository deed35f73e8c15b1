"""An event loop in virtual time: no IO, no threads, no waiting; one seed makes one order of everything.

Every simulated process has its own queue, in which callbacks keep their order as asyncio promises; which
process runs next is drawn. When nothing is ready, time jumps to the next timer. It must not know what runs.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import Context, copy_context
from heapq import heappop, heappush
from random import Random
from typing import Any

from interlock.console.simulation.process import PROCESS, Handle, Process

MOST_STEPS = 20_000_000


class SimulatedLoop(asyncio.AbstractEventLoop):
    """What asyncio needs of a loop; whatever would touch the real world is not there."""

    def __init__(self, chance: Random) -> None:
        self.steps = 0
        self.stopped = False
        self.on_broken: Callable[[Process, BaseException], None] = _raise
        self.now_s = 0.0
        self._draw = chance.random
        self._timers: list[Handle] = []
        self._place = 0
        self._runnable: list[Process] = []

    # What asyncio asks for.

    def time(self) -> float:
        """Return virtual seconds since the beginning."""
        return self.now_s

    def call_soon(  # type: ignore[override]  # typeshed's TypeVarTuple says no more than this
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> Handle:
        """Queue a callback in the process that its context belongs to."""
        context = copy_context() if context is None else context
        handle = Handle(self.now_s, 0, callback, args, context[PROCESS], context)
        self._queue(handle)
        return handle

    def call_at(  # type: ignore[override]  # the same
        self, when: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> Handle:
        """Queue a callback at a virtual time."""
        context = copy_context() if context is None else context
        self._place += 1
        handle = Handle(when, self._place, callback, args, context[PROCESS], context)
        if not handle.process.dead:
            heappush(self._timers, handle)
        return handle

    def call_later(  # type: ignore[override]  # the same
        self, delay_s: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> Handle:
        """Queue a callback after virtual seconds."""
        return self.call_at(self.now_s + delay_s, callback, *args, context=context)

    def create_future(self) -> "asyncio.Future[Any]":
        """Return a future of this loop."""
        return asyncio.Future(loop=self)

    def create_task(  # type: ignore[override]  # the same
        self, coro: Coroutine[Any, Any, Any], *, name: str | None = None, context: Context | None = None
    ) -> "asyncio.Task[Any]":
        """Start a task, and keep hold of it: what a crash leaves behind must not clean up after itself."""
        task = asyncio.Task(coro, loop=self, name=name or "task", context=context)
        process = PROCESS.get() if context is None else context[PROCESS]
        process.adopt(task)
        return task

    def get_debug(self) -> bool:
        """Return False."""
        return False

    def is_running(self) -> bool:
        """Return True."""
        return True

    def is_closed(self) -> bool:
        """Return False."""
        return False

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Say nothing: what nobody looked at belonged to a process that crashed."""

    # What the simulation asks for.

    def deliver_at(
        self, when_s: float, process: Process, callback: Callable[..., object], *args: Any
    ) -> None:
        """Call something in a process at a virtual time; nothing happens when it is dead by then."""
        if not process.dead:
            self._place += 1
            heappush(self._timers, Handle(when_s, self._place, callback, args, process, process.context))

    def deliver(self, process: Process, callback: Callable[..., object], *args: Any) -> None:
        """Call something in a process as soon as its turn comes."""
        self._queue(Handle(self.now_s, 0, callback, args, process, process.context))

    def thaw(self, process: Process) -> None:
        """Let a frozen process run again."""
        process.frozen = False
        if not process.listed:
            process.listed = True
            self._runnable.append(process)

    def advance(self, until_s: float) -> None:
        """Run until a virtual time, or until somebody sets `stopped`."""
        asyncio._set_running_loop(self)  # noqa: SLF001 - made for those who write loops
        runnable, draw = self._runnable, self._draw
        try:
            while not self.stopped:
                if not runnable:
                    if not self._jump(until_s):
                        return
                    continue
                place = int(draw() * len(runnable))
                process = runnable[place]
                if not process.queue or process.frozen:
                    process.listed = False
                    runnable[place] = runnable[-1]
                    runnable.pop()
                    continue
                handle = process.queue.popleft()
                if handle.is_cancelled:
                    continue
                self.steps += 1
                try:
                    handle.context.run(handle.callback, *handle.args)
                except (SystemExit, KeyboardInterrupt):
                    raise
                except BaseException as failure:  # noqa: BLE001 - whatever a simulated process raises is a finding
                    self.on_broken(process, failure)
                if process.fuse is not None:
                    process.after_a_step()
        finally:
            asyncio._set_running_loop(None)  # noqa: SLF001 - the same

    def _jump(self, until_s: float) -> bool:
        """Let time be that of the next timer, and its callback and those due with it be queued."""
        timers = self._timers
        if not timers or timers[0].when_s > until_s:
            self.now_s = max(self.now_s, until_s)
            return False
        now_s = self.now_s = max(self.now_s, timers[0].when_s)
        while timers and timers[0].when_s <= now_s:
            handle = heappop(timers)
            process = handle.process
            if handle.is_cancelled or process.dead:
                continue
            process.queue.append(handle)
            if not process.listed and not process.frozen:
                process.listed = True
                self._runnable.append(process)
        return True

    def _queue(self, handle: Handle) -> None:
        process = handle.process
        if not process.dead:
            process.queue.append(handle)
            if not process.listed and not process.frozen:
                process.listed = True
                self._runnable.append(process)


def _raise(_process: Process, failure: BaseException) -> None:
    raise failure
