"""What governance adds to one effect, as its agent sees it: `python -m bench.effect_latency`.

Request, decision, grant, the call of a model that answers at once, outcome: real processes, a file log, keys
and permissions, one effect at a time. Beside it the same hops by a bare nats-py, turn by turn. It is measured
one effect right after the other, and with a rest after each, in which every process falls asleep.
"""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from statistics import median, quantiles
from time import perf_counter

import msgspec
import uvloop
from bench import job
from bench.asker import ROLE, Latencies, Order
from bench.governed import environment
from bench.hops import Hop, hops
from bench.results import keep

from interlock.bus.nats_bus import NatsBus
from interlock.bus.ports import Record
from interlock.contracts import facts
from interlock.contracts.budget import MOST, Budget
from interlock.contracts.decision import Decision
from interlock.contracts.message import Json, decode, encode
from interlock.contracts.plan import Plan, PlannedStep
from interlock.contracts.step import StepResult
from interlock.contracts.subjects import decision_subject, input_subject
from interlock.contracts.task import Submit

EFFECTS, QUICK_EFFECTS = 500, 100
TURNS, QUICK_TURNS = 5, 1
WARMING = 50
RESTS_MS = (0.0, 10.0)
TASK_LIMIT_S = 60.0
STEP = "ask"
PAYLOAD = b"x" * 400
"""About as long as an effect's request."""

Run = Callable[[int, float], Awaitable[list[float]]]
"""Has so many effects done with so many ms of rest after each, and returns how many ms each took."""


@dataclass(frozen=True)
class Figures:
    """The medians of the turns' percentiles, in ms, and how many times the floor that is."""

    rest_ms: float
    effects: int
    p50_ms: float
    p99_ms: float
    floor_p50_ms: float
    floor_p99_ms: float

    @property
    def ratio(self) -> float:
        """How many times the floor the median is."""
        return self.p50_ms / self.floor_p50_ms


async def compare(effects: int, turns: int) -> list[Figures]:
    """Let both have their turns, and return what the turns' medians are."""
    async with environment({f"{ROLE}-1": ("bench.asker",)}) as (bus, _), hops() as hop:
        governed, floor = _asking(bus), _hopping(hop)
        for run in (governed, floor):
            await run(WARMING, 0.0)
        return [await _measured(governed, floor, rest_ms, effects, turns) for rest_ms in RESTS_MS]


async def _measured(governed: Run, floor: Run, rest_ms: float, effects: int, turns: int) -> Figures:
    ours: list[list[float]] = []
    bare: list[list[float]] = []
    for _ in range(turns):
        bare.append(_percentiles(await floor(effects, rest_ms)))
        ours.append(_percentiles(await governed(effects, rest_ms)))
    (p50_ms, p99_ms), (floor_p50_ms, floor_p99_ms) = (
        [median(of_turns) for of_turns in zip(*turns_of_one, strict=True)] for turns_of_one in (ours, bare)
    )
    return Figures(rest_ms, effects * turns, p50_ms, p99_ms, floor_p50_ms, floor_p99_ms)


def _percentiles(latencies_ms: Sequence[float]) -> list[float]:
    cuts = quantiles(latencies_ms, n=100)
    return [cuts[49], cuts[98]]


def _hopping(hop: Hop) -> Run:
    async def run(effects: int, rest_ms: float) -> list[float]:
        latencies_ms: list[float] = []
        for _ in range(effects):
            began = perf_counter()
            await hop(PAYLOAD)
            latencies_ms.append((perf_counter() - began) * 1e3)
            await asyncio.sleep(rest_ms / 1e3)
        return latencies_ms

    return run


def _asking(bus: NatsBus) -> Run:
    async def run(effects: int, rest_ms: float) -> list[float]:
        given: Json = msgspec.to_builtins(Order(effects, rest_ms))
        plan = Plan(steps=(PlannedStep(id=STEP, role=ROLE, input=given),))
        budget = Budget(model_calls=effects, tokens=MOST)
        order = Submit(goal=job.GOAL, plan=plan, review=False, budget=budget)
        task = await bus.append(input_subject(bus.principal, "task", "submit"), encode(order))
        async with asyncio.timeout(TASK_LIMIT_S):
            return await _latencies(bus, task.seq)

    return run


async def _latencies(bus: NatsBus, task: int) -> list[float]:
    """Wait for the task's end, and return what its one step has measured."""
    ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def read(record: Record) -> None:
        for fact in decode(Decision, record.data).facts:
            if isinstance(fact, facts.Completed):
                ended.set_result(fact.results[STEP])
            elif isinstance(fact, facts.Failed | facts.Rejected | facts.Parked):
                ended.set_exception(RuntimeError(f"the task did not complete: {fact}"))

    following = await bus.follow([decision_subject(task)], read, start_seq=task)
    try:
        record = await bus.record(await ended)
    finally:
        await following.stop()
    assert record is not None, "the log keeps everything"
    return msgspec.json.decode(decode(StepResult, record.data).value, type=Latencies).ms


def main(arguments: Sequence[str]) -> None:
    """Compare, show, keep."""
    parser = argparse.ArgumentParser(
        prog="bench.effect_latency", description=__doc__.splitlines()[0] if __doc__ else ""
    )
    parser.add_argument("--quick", action="store_true", help="one short turn: less exact, in ten seconds")
    quick = parser.parse_args(arguments).quick
    measured = uvloop.run(compare(*((QUICK_EFFECTS, QUICK_TURNS) if quick else (EFFECTS, TURNS))))
    for figures in measured:
        print(
            f"rest {figures.rest_ms:>2.0f} ms: effect p50 {figures.p50_ms:.2f} p99 {figures.p99_ms:.2f} ms, "
            f"bare hops p50 {figures.floor_p50_ms:.2f} p99 {figures.floor_p99_ms:.2f} ms, "
            f"{figures.ratio:.1f} times the floor"
        )
    print(f"kept in {keep([asdict(figures) for figures in measured], 'effect_latency').name}")


if __name__ == "__main__":
    main(sys.argv[1:])
