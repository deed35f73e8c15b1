"""What keeps the machine busy while kills are measured: `python -m bench.kill.load`, until it is ended.

The small job of the pipeline bench, 32 tasks at a time, in an environment of its own, and one process for
each core that does nothing but turn. It says when the first tasks are done.
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import uvloop
from bench.governed import Door
from bench.kill.quiet import quiet
from bench.kill.stage import Cast, agent, stage

from interlock.bus.logs import structlog

AT_ONCE = 32
READY = b"ready\n"
START_LIMIT_S = 120.0
STOP_LIMIT_S = 20.0
AHEAD_S = 0.3
BETWEEN_S = 0.05
TURN = "while True: pass"
ROLES = ("planner", "researcher", "executor", "reviewer")
TEAM = Cast([agent(f"{role}-1", role, "bench.agents", role) for role in ROLES], model="instant/echo")


class Load:
    """The processes that turn, and the one that hands tasks in."""

    def __init__(self, working: list[asyncio.subprocess.Process]) -> None:
        self.busy = bool(working)
        self._working = working

    def rest(self) -> None:
        """Let them stand still: what is not measured need not take longer."""
        self._send(signal.SIGSTOP)

    @asynccontextmanager
    async def turning(self) -> AsyncGenerator[None]:
        """Let them work meanwhile, and for a moment before."""
        self._send(signal.SIGCONT)
        await asyncio.sleep(AHEAD_S)
        try:
            yield
        finally:
            self.rest()

    async def settled(self, *, spinning: bool = False) -> bool:
        """Wait for the moment to strike: loaded any, else one of idleness; return whether it came.

        With `spinning` an agent keeps one core busy.
        """
        if not self.busy:
            return await quiet(int(spinning))
        await asyncio.sleep(BETWEEN_S)
        return True

    def _send(self, number: signal.Signals) -> None:
        for process in self._working:
            process.send_signal(number)


@asynccontextmanager
async def loaded(*, busy: bool) -> AsyncGenerator[Load]:
    """Start the load and end it; without `busy` there is none."""
    if not busy:
        yield Load([])
        return
    pipeline = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.kill.load", stdout=asyncio.subprocess.PIPE, start_new_session=True
    )
    turning = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", TURN) for _ in range(os.cpu_count() or 1)
    ]
    try:
        assert pipeline.stdout is not None
        async with asyncio.timeout(START_LIMIT_S):
            said = await pipeline.stdout.readline()
        if said != READY:
            raise RuntimeError("the load did not start; what it said stands above")
        load = Load([*turning, pipeline])
        load.rest()
        yield load
    finally:
        for process in turning:
            process.kill()
        pipeline.terminate()
        pipeline.send_signal(signal.SIGCONT)
        async with asyncio.timeout(STOP_LIMIT_S):
            await asyncio.gather(*(process.wait() for process in (*turning, pipeline)))


async def _pipeline() -> None:
    told = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told.set)
    async with stage(TEAM) as here:
        door = Door(here.bus)
        await door.start()
        await asyncio.gather(*(door.submit("") for _ in range(AT_ONCE)))
        sys.stdout.buffer.write(READY)
        sys.stdout.buffer.flush()
        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(_one_after_another(door, told))


async def _one_after_another(door: Door, told: asyncio.Event) -> None:
    while not told.is_set():
        await door.submit("")


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("error"))
    uvloop.run(_pipeline())
