"""What the witness has told so far, for whoever waits for it; nothing is measured here."""

import asyncio
import sys
from collections import defaultdict
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager

import msgspec
from bench.kill.waiting import Waiting
from bench.kill.witness import Closed, Ended, Event, Opened, Ready, Watch

_read = msgspec.json.Decoder(Event).decode


class Call(msgspec.Struct):
    """A call in flight: its agent, its task, when its connection opened and (0: not yet) closed."""

    agent: str
    task: int
    opened_us: int
    closed_us: int = 0


class Sight(Waiting):
    """All calls by number, the ends of processes by pid, and a change to wait for."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        super().__init__()
        self.port = 0
        self.first = False
        self.calls: dict[int, Call] = {}
        self.ended_us: dict[int, int] = {}
        self._process = process

    def watch(self, pid: int) -> None:
        """Have a process watched."""
        assert self._process.stdin is not None
        self.ended_us.pop(pid, None)
        self._process.stdin.write(msgspec.json.encode(Watch(pid)) + b"\n")

    def open_calls(self) -> dict[str, list[Call]]:
        """Return the calls in flight, by agent."""
        calls: defaultdict[str, list[Call]] = defaultdict(list)
        for call in self.calls.values():
            if not call.closed_us:
                calls[call.agent].append(call)
        return calls

    async def closed(self, calls: Iterable[Call]) -> None:
        """Wait until these have closed."""
        wanted = list(calls)
        await self.until("calls that close", lambda: all(call.closed_us for call in wanted))

    async def ended(self, pids: Iterable[int]) -> None:
        """Wait until these processes have ended."""
        wanted = set(pids)
        await self.until("processes that end", lambda: wanted <= self.ended_us.keys())

    async def keep_reading(self) -> None:
        """Take what the witness tells."""
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            self._take(_read(line))
            self.told()

    def _take(self, event: Event) -> None:
        match event:
            case Ready():
                self.port, self.first = event.port, event.first
            case Opened():
                agent, task = event.prompt.split()
                self.calls[event.call] = Call(agent, int(task), event.at_us)
            case Closed():
                self.calls[event.call].closed_us = event.at_us
            case Ended():
                self.ended_us[event.pid] = event.at_us


@asynccontextmanager
async def witness() -> AsyncGenerator[Sight]:
    """Start the witness, and end it."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bench.kill.witness",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    sight = Sight(process)
    reading = asyncio.create_task(sight.keep_reading())
    try:
        await sight.until("a witness that is ready", lambda: sight.port > 0)
        yield sight
    finally:
        reading.cancel()
        if process.returncode is None:
            process.kill()
        await process.wait()
