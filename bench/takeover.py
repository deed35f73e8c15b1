"""How long nobody decides when the leading supervisor is killed and another stands by.

`python -m bench.takeover` keeps handing in tasks while it kills the leader, again and again. The time counts
from the kill until the first decision of the other one is stored. Of it, the silence is what the other one
waits before it takes the lead, and the rest is its record, the stamps of all open tasks, and deciding.
"""

import argparse
import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory

import uvloop
from bench import job
from bench.results import keep

from interlock.bus import server
from interlock.bus.clock import now_ms
from interlock.bus.nats_bus import NatsBus, connect
from interlock.bus.ports import Message, Record
from interlock.bus.stream import ensure_stream
from interlock.contracts.decision import Decision
from interlock.contracts.facts import Accepted, LeaderTook
from interlock.contracts.message import decode, encode
from interlock.contracts.presence import Beat
from interlock.contracts.subjects import DECISIONS, LEADER_DECISIONS, input_subject
from interlock.contracts.task import Submit

TIMES, QUICK_TIMES = 10, 2
NAMES = ("supervisor-1", "supervisor-2")
EVERY_S = 0.02
LIMIT_S = 30.0


@dataclass(frozen=True)
class Figures:
    """Times in ms, over all takeovers; `open_tasks` were stamped in the last one."""

    takeovers: int
    p50_ms: float
    p99_ms: float
    worst_ms: float
    silence_p50_ms: float
    rest_p50_ms: float
    open_tasks: int


class Watch:
    """Who leads, which lives are heard, and when the first decision after each leader's record was stored."""

    def __init__(self, bus: NatsBus) -> None:
        self.terms: list[tuple[LeaderTook, int]] = []
        self.first_ms: list[int] = []
        self.tasks = 0
        self.lives: dict[str, set[str]] = {name: set() for name in NAMES}
        self._bus = bus
        self._changed = asyncio.Event()

    async def start(self) -> None:
        """Follow the log and the signs of life."""
        await self._bus.follow([DECISIONS], self._read)
        await self._bus.listen("interlock.beat.*", self._hear)

    async def decides(self, terms: int) -> None:
        """Wait until so many leaders have decided something."""
        await self._until(lambda: len(self.first_ms) >= terms)

    async def stands_by(self, name: str, lives: int) -> None:
        """Wait until a name has been heard in so many lives."""
        await self._until(lambda: len(self.lives[name]) >= lives)

    async def _until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(LIMIT_S):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    def _read(self, record: Record) -> None:
        for fact in decode(Decision, record.data).facts:
            self.tasks += isinstance(fact, Accepted)
            if isinstance(fact, LeaderTook):
                self.terms.append((fact, record.time_ms))
        is_stamp = b'"fact":"led"' in record.data
        if record.subject != LEADER_DECISIONS and not is_stamp and len(self.first_ms) < len(self.terms):
            self.first_ms.append(record.time_ms)
        self._changed.set()

    def _hear(self, message: Message) -> None:
        name = message.subject.rsplit(".", 1)[-1]
        self.lives[name].add(decode(Beat, message.data).incarnation)
        self._changed.set()


async def measure(times: int) -> Figures:
    """Kill the leader so often, with another standing by."""
    async with _log() as (bus, url):
        watch = Watch(bus)
        await watch.start()
        lives = dict.fromkeys(NAMES, 1)
        running = {name: _start(name, url) for name in NAMES}
        handing_in = asyncio.create_task(_hand_in(bus))
        whole, silence = list[int](), list[int]()
        try:
            for terms in range(1, times + 1):
                await watch.decides(terms)
                for name in NAMES:
                    await watch.stands_by(name, lives[name])
                leader = watch.terms[-1][0].principal
                killed_ms = now_ms()
                running[leader].send_signal(signal.SIGKILL)
                running[leader].wait(LIMIT_S)
                await watch.decides(terms + 1)
                whole.append(watch.first_ms[-1] - killed_ms)
                silence.append(watch.terms[-1][1] - killed_ms)
                running[leader] = _start(leader, url)
                lives[leader] += 1
        finally:
            handing_in.cancel()
            for process in running.values():
                process.kill()
                process.wait(LIMIT_S)
        return _figures(whole, silence, watch.tasks)


def _figures(whole: Sequence[int], silence: Sequence[int], open_tasks: int) -> Figures:
    return Figures(
        takeovers=len(whole),
        p50_ms=median(whole),
        p99_ms=quantiles(whole, n=100, method="inclusive")[-1],
        worst_ms=max(whole),
        silence_p50_ms=median(silence),
        rest_p50_ms=median(all_of_it - silent for all_of_it, silent in zip(whole, silence, strict=True)),
        open_tasks=open_tasks,
    )


async def _hand_in(bus: NatsBus) -> None:
    """Hand tasks in, which stay open, for nobody is there to do them."""
    order = encode(Submit(goal=job.GOAL))
    while True:
        await bus.append(input_subject("driver", "task", "submit"), order)
        await asyncio.sleep(EVERY_S)


@asynccontextmanager
async def _log() -> AsyncGenerator[tuple[NatsBus, str]]:
    """Run a server of its own that asks for no keys."""
    with TemporaryDirectory(prefix="interlock-bench-") as name:
        running = server.start(Path(name))
        try:
            bus = await connect(running.url, "driver")
            await ensure_stream(bus)
            yield bus, running.url
            await bus.close()
        finally:
            running.stop()


def _start(name: str, url: str) -> "subprocess.Popen[bytes]":
    environment = {
        "INTERLOCK_URL": url,
        "INTERLOCK_PRINCIPAL": name,
        "INTERLOCK_PARENT": str(os.getpid()),
        "INTERLOCK_LOG": "json",
    }
    return subprocess.Popen(
        (sys.executable, "-m", "interlock.supervisor"),
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def main(arguments: Sequence[str]) -> None:
    """Measure, show, keep."""
    parser = argparse.ArgumentParser(
        prog="bench.takeover", description=__doc__.splitlines()[0] if __doc__ else ""
    )
    parser.add_argument("--quick", action="store_true", help="two takeovers: in eight seconds")
    quick = parser.parse_args(arguments).quick
    figures = uvloop.run(measure(QUICK_TIMES if quick else TIMES))
    print(
        f"{figures.takeovers} takeovers, up to {figures.open_tasks} open tasks\n"
        f"from the kill to the first decision p50 {figures.p50_ms:.0f} p99 {figures.p99_ms:.0f} "
        f"worst {figures.worst_ms:.0f} ms\n"
        f"of which p50 {figures.silence_p50_ms:.0f} ms until the lead is taken, "
        f"{figures.rest_p50_ms:.0f} ms from there"
    )
    print(f"kept in {keep([asdict(figures)], 'takeover').name}")


if __name__ == "__main__":
    main(sys.argv[1:])
