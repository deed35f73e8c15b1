"""How fast people see what they are asked: listing from a long log, and from the escalation to the inbox.

`python -m bench.inbox` puts 10,000 open escalations into a real server's log, lists them as `interlock inbox`
does, and again with 100,000 decisions about other things behind them; then it keeps the inbox open, asks one
thing more, and takes the time from the publish until the inbox has it, a thousand times. Beside it, in the
same run: how long the same records take to be read when nothing is made of them.
"""

import argparse
import asyncio
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from time import perf_counter, process_time

import uvloop
from bench.results import keep

from interlock.bus import server
from interlock.bus.clock import now_ms
from interlock.bus.nats_bus import NatsBus, connect
from interlock.bus.stream import ensure_stream
from interlock.console.people.asked import Asked
from interlock.console.people.docket import Docket
from interlock.console.people.listing import in_order, row
from interlock.console.people.mandate import Mandate
from interlock.console.people.reading import read_docket
from interlock.console.people.screen.live import Live
from interlock.console.runtime import look_seldom_for_garbage
from interlock.contracts import facts as f
from interlock.contracts.approval import digest_of
from interlock.contracts.decision import Decision
from interlock.contracts.message import Json, encode
from interlock.contracts.people import Need, Rule
from interlock.contracts.subjects import DECISIONS, decision_subject

OPEN, OTHERS, ASKED = 10_000, 100_000, 1_000
QUICK_OPEN, QUICK_OTHERS, QUICK_ASKED = 1_000, 5_000, 100
TURNS = 5
WINDOW = 1_000
SEEN_LIMIT_S = 10.0
PERSON = "alice"
ARGUMENTS: Json = {"amount_cents": 90_000, "creditor": {"iban": "DE02120300000000202051", "name": "ACME"}}


@dataclass(frozen=True)
class Figures:
    """Medians of the turns, in ms; the last two are over all that was asked with the inbox open."""

    open: int
    listed_ms: float
    listed_cpu_ms: float
    reading_ms: float
    records: int
    long_listed_ms: float
    long_listed_cpu_ms: float
    long_reading_ms: float
    formed_ms: float
    seen_p50_ms: float
    seen_p99_ms: float


async def measure(how_many: int, others: int, asked: int, turns: int) -> Figures:
    """Measure everything on one log."""
    async with _log() as bus:
        await _fill(bus, [_decided(task, _payment()) for task in range(1, how_many + 1)])
        listed = [await _listed(bus, how_many) for _ in range(turns)]
        reading = [await _read(bus) for _ in range(turns)]
        formed = await _formed(bus, turns)
        await _fill(bus, [_decided(task, _other()) for task in range(1, others + 1)])
        long_listed = [await _listed(bus, how_many) for _ in range(turns)]
        long_reading = [await _read(bus) for _ in range(turns)]
        seen = await _seen(bus, how_many + others, asked)
        return Figures(
            open=how_many,
            listed_ms=median(took for took, _ in listed),
            listed_cpu_ms=median(used for _, used in listed),
            reading_ms=median(reading),
            records=await bus.last_seq() - asked,
            long_listed_ms=median(took for took, _ in long_listed),
            long_listed_cpu_ms=median(used for _, used in long_listed),
            long_reading_ms=median(long_reading),
            formed_ms=formed,
            seen_p50_ms=median(seen),
            seen_p99_ms=quantiles(seen, n=100)[98],
        )


@asynccontextmanager
async def _log() -> AsyncGenerator[NatsBus]:
    """Run a server of its own that asks for no keys."""
    with TemporaryDirectory(prefix="interlock-bench-") as name:
        running = server.start(Path(name))
        try:
            bus = await connect(running.url, PERSON)
            await ensure_stream(bus)
            yield bus
            await bus.close()
        finally:
            running.stop()


async def _fill(bus: NatsBus, decisions: Sequence[Decision]) -> None:
    for start in range(0, len(decisions), WINDOW):
        some = decisions[start : start + WINDOW]
        await asyncio.gather(
            *(bus.append_soon(decision_subject(decision.task), encode(decision)) for decision in some)
        )


def _decided(task: int, fact: f.TaskFact) -> Decision:
    return Decision(task=task, cause=task, at_ms=now_ms(), by="supervisor-1", facts=(fact,))


def _payment() -> f.Escalated:
    at_ms = now_ms()
    return f.Escalated(
        at_ms=at_ms,
        number=1,
        kind="approval",
        summary="executor wants to run pay (irreversible)",
        asks="executor-1",
        role="executor",
        objective="Pays the invoices that the researcher has found to be in order.",
        submitter="dora",
        tenant="acme",
        step="pay",
        effect=50,
        tool="pay",
        risk="irreversible",
        arguments=ARGUMENTS,
        digest=digest_of(ARGUMENTS),
        policies="b" * 64,
        rules=(Rule(id="large", says="Never pay more than 500 dollars without two of finance."),),
        needs=(Need(role="finance", quorum=2),),
        desk="finance",
        deadline_ms=at_ms + 3_600_000,
        blocks=True,
    )


def _other() -> f.StepAssigned:
    return f.StepAssigned(at_ms=now_ms(), step="plan", attempt=1, principal="planner-1", deadline_ms=now_ms())


async def _listed(bus: NatsBus, how_many: int) -> tuple[float, float]:
    """Return the ms from an empty hand to the text that `interlock inbox` prints, and those of CPU."""
    began, used = perf_counter(), process_time()
    docket = await read_docket(bus)
    text = _text(docket)
    took_ms, used_ms = (perf_counter() - began) * 1_000, (process_time() - used) * 1_000
    assert text.count("\n") == how_many - 1
    return took_ms, used_ms


def _text(docket: Docket) -> str:
    mandate = Mandate(docket, PERSON, now_ms())
    return "\n".join(row(mandate, asked) for asked in in_order(docket.open.values()))


async def _read(bus: NatsBus) -> float:
    began = perf_counter()
    async for _ in bus.history([DECISIONS]):
        pass
    return (perf_counter() - began) * 1_000


async def _formed(bus: NatsBus, turns: int) -> float:
    """Return the ms for the list alone, when everything is read."""
    docket = await read_docket(bus)
    times: list[float] = []
    for _ in range(turns):
        began = perf_counter()
        _text(docket)
        times.append((perf_counter() - began) * 1_000)
    return median(times)


async def _seen(bus: NatsBus, taken: int, asked: int) -> list[float]:
    """Return the ms from each publish until the open inbox has it."""
    seen = asyncio.Event()

    def on_change(_changed: list[Asked]) -> None:
        seen.set()

    live = Live(bus, on_change)
    times: list[float] = []
    async with asyncio.timeout(SEEN_LIMIT_S + asked):
        await live.start()
        await seen.wait()
        for number in range(1, asked + 1):
            seen.clear()
            data = encode(_decided(taken + number, _payment()))
            began = perf_counter()
            appended = bus.append_soon(decision_subject(taken + number), data)
            await seen.wait()
            times.append((perf_counter() - began) * 1_000)
            await appended
    await live.stop()
    return times


def main(arguments: Sequence[str]) -> None:
    """Measure, show, keep."""
    parser = argparse.ArgumentParser(prog="bench.inbox", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of everything, one turn")
    quick: bool = parser.parse_args(arguments).quick
    sizes = (QUICK_OPEN, QUICK_OTHERS, QUICK_ASKED, 1) if quick else (OPEN, OTHERS, ASKED, TURNS)
    look_seldom_for_garbage()  # as every command does
    figures = uvloop.run(measure(*sizes))
    print(f"{figures.open:,} open, listed from the log   {figures.listed_ms:7.0f} ms  (aim 200 ms)")
    print(f"  of this process's CPU           {figures.listed_cpu_ms:7.0f} ms")
    print(f"  reading the records alone       {figures.reading_ms:7.0f} ms")
    print(f"  the list alone                  {figures.formed_ms:7.0f} ms")
    print(f"the same among {figures.records:,} records  {figures.long_listed_ms:7.0f} ms")
    print(f"  of this process's CPU           {figures.long_listed_cpu_ms:7.0f} ms")
    print(f"  reading the records alone       {figures.long_reading_ms:7.0f} ms")
    seen = f"p50 {figures.seen_p50_ms:.1f} ms, p99 {figures.seen_p99_ms:.1f} ms"
    print(f"from the escalation to the inbox  {seen}  (aim 50 ms)")
    print(f"kept in {keep([asdict(figures)], 'inbox').name}")


if __name__ == "__main__":
    main(sys.argv[1:])
