"""How long a supervisor needs from its start until it decides, with a long log behind it.

`python -m bench.recovery` plays tasks against the core, puts every record into a real server's log, and stops
in the middle of 32 tasks. Then somebody hands in one more, and a supervisor is started: the time counts from
the start of its process until its decision about that task is durable. Beside it, in the same run: the same
with an empty log, and how long it takes to read the records and do nothing.
"""

import argparse
import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

import uvloop
from bench import job
from bench.core import AT_ONCE
from bench.play import SUPERVISOR, Play, Stored
from bench.processes import peak_rss_mb
from bench.results import keep

from interlock.bus import server
from interlock.bus.clock import now_ms
from interlock.bus.nats_bus import NatsBus, connect
from interlock.bus.ports import Record
from interlock.bus.stream import ensure_stream
from interlock.contracts.message import encode
from interlock.contracts.subjects import ROOT, decision_subject, input_subject
from interlock.contracts.task import Submit

FACTS, QUICK_FACTS = 100_000, 10_000
TURNS, QUICK_TURNS = 3, 1
EVERYTHING = [f"{ROOT}.>"]
"""One filter: the server needs 30 times longer for each record when it has two to look through."""
WINDOW = 1_000
DECISION_LIMIT_S = 60.0
STOP_LIMIT_S = 10.0
AGO_MS = 30_000


@dataclass(frozen=True)
class Figures:
    """Medians of the turns, in s; `mib` is the log's size, `peak_mib` the supervisor's memory."""

    facts: int
    records: int
    mib: float
    recovery_s: float
    empty_log_s: float
    reading_s: float
    peak_mib: float


async def measure(told: int, turns: int) -> Figures:
    """Make a log of so many facts, and recover from it, `turns` times."""
    play = Play(now_ms() - AGO_MS)
    play.run_until(told, AT_ONCE)
    async with _log([]) as (bus, url):
        empty = [await _recovered(bus, url) for _ in range(turns)]
    async with _log(play.records) as (bus, url):
        reading = [await _read(bus) for _ in range(turns)]
        full = [await _recovered(bus, url) for _ in range(turns)]
    return Figures(
        facts=len(play.told),
        records=len(play.records),
        mib=sum(len(record.data) for record in play.records) / 2**20,
        recovery_s=median(seconds for seconds, _ in full),
        empty_log_s=median(seconds for seconds, _ in empty),
        reading_s=median(reading),
        peak_mib=max(mib for _, mib in full),
    )


@asynccontextmanager
async def _log(records: Sequence[Stored]) -> AsyncGenerator[tuple[NatsBus, str]]:
    """Run a server of its own that asks for no keys, with these records in its log."""
    with TemporaryDirectory(prefix="interlock-bench-") as name:
        running = server.start(Path(name))
        try:
            bus = await connect(running.url, "driver")
            await ensure_stream(bus)
            for start in range(0, len(records), WINDOW):
                some = records[start : start + WINDOW]
                acks = [bus.append_soon(subject, data) for subject, data in some]
                for seq, ack in enumerate(acks, start + 1):
                    assert (await ack).seq == seq, "the log holds the records in the order of the play"
            yield bus, running.url
            await bus.close()
        finally:
            running.stop()


async def _read(bus: NatsBus) -> float:
    """Return the s that reading all records takes when nothing is made of them."""
    began = perf_counter()
    async for _ in bus.history(EVERYTHING):
        pass
    return perf_counter() - began


async def _recovered(bus: NatsBus, url: str) -> tuple[float, float]:
    """Return the s until a new supervisor has decided, and the MiB it held at most."""
    task = (await bus.append(input_subject("driver", "task", "submit"), encode(Submit(goal=job.GOAL)))).seq
    decided: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def read(_record: Record) -> None:
        if not decided.done():
            decided.set_result(None)

    following = await bus.follow([decision_subject(task)], read, start_seq=task)
    began = perf_counter()
    supervisor = _start(url)
    try:
        async with asyncio.timeout(DECISION_LIMIT_S):
            await decided
        seconds = perf_counter() - began
        (peak_mib,) = peak_rss_mb({SUPERVISOR: supervisor.pid}).values()
    finally:
        supervisor.kill()
        supervisor.wait(STOP_LIMIT_S)
        await following.stop()
    return seconds, peak_mib


def _start(url: str) -> "subprocess.Popen[bytes]":
    environment = {
        "INTERLOCK_URL": url,
        "INTERLOCK_PRINCIPAL": SUPERVISOR,
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
        prog="bench.recovery", description=__doc__.splitlines()[0] if __doc__ else ""
    )
    parser.add_argument("--quick", action="store_true", help="a log of a tenth, once: in five seconds")
    quick = parser.parse_args(arguments).quick
    figures = uvloop.run(measure(*((QUICK_FACTS, QUICK_TURNS) if quick else (FACTS, TURNS))))
    print(
        f"{figures.facts:,} facts in {figures.records:,} records ({figures.mib:.0f} MiB), "
        f"{AT_ONCE} tasks under way\n"
        f"from the start of the process to the first decision {figures.recovery_s:.2f} s, "
        f"with an empty log {figures.empty_log_s:.2f} s\n"
        f"reading the records alone {figures.reading_s:.2f} s\n"
        f"peak memory of the supervisor {figures.peak_mib:.0f} MiB"
    )
    print(f"kept in {keep([asdict(figures)], 'recovery').name}")


if __name__ == "__main__":
    main(sys.argv[1:])
