"""Measures a system under a closed loop; does not know what the system is made of.

Runs in the peers' environments too: the standard library only.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import quantiles
from time import perf_counter

from bench.processes import Processes, cpu_ms, peak_rss_mb

REPETITION_LIMIT_S = 120.0

Submit = Callable[[str], Awaitable[None]]
"""Hands in the task of that name and returns when it is done."""


@dataclass(frozen=True)
class Round:
    """So many tasks, of which `concurrency` are under way at any time; `tag` sets their names apart."""

    concurrency: int
    tasks: int
    tag: str


@dataclass(frozen=True)
class Result:
    """What one system did in one round."""

    system: str
    setting: str
    concurrency: int
    tasks: int
    tasks_per_s: float
    p50_ms: float
    p99_ms: float
    cpu_ms_per_task: dict[str, float]
    peak_rss_mb: dict[str, float]


@dataclass(frozen=True)
class System:
    """A running system: its name, what its numbers depend on, how to hand a task in, its processes."""

    name: str
    setting: str
    submit: Submit
    processes: Processes


@dataclass(frozen=True)
class Contender:
    """A system that can be measured now; `tasks` is how many make a round, by concurrency."""

    name: str
    tasks: Mapping[int, int]
    run: Callable[[Round], Awaitable[Result]]


def contender(system: System, tasks: Mapping[int, int]) -> Contender:
    """Return a system of this process as a contender."""
    return Contender(system.name, tasks, lambda round_: measure(system, round_))


async def measure(system: System, round_: Round) -> Result:
    """Run one round; raise TimeoutError when it does not end."""
    before = cpu_ms(system.processes)
    wall_s, latencies_s = await _closed_loop(system.submit, round_)
    after = cpu_ms(system.processes)
    percentiles = quantiles(latencies_s, n=100)
    return Result(
        system=system.name,
        setting=system.setting,
        concurrency=round_.concurrency,
        tasks=round_.tasks,
        tasks_per_s=round_.tasks / wall_s,
        p50_ms=percentiles[49] * 1e3,
        p99_ms=percentiles[98] * 1e3,
        cpu_ms_per_task={name: (after[name] - before[name]) / round_.tasks for name in before},
        peak_rss_mb=peak_rss_mb(system.processes),
    )


def median(results: Sequence[Result]) -> Result:
    """Return the result with the median rate."""
    return sorted(results, key=lambda result: result.tasks_per_s)[len(results) // 2]


async def _closed_loop(submit: Submit, round_: Round) -> tuple[float, list[float]]:
    latencies_s: list[float] = []
    numbers = iter(range(round_.tasks))

    async def one_after_another() -> None:
        for number in numbers:
            submitted = perf_counter()
            await submit(f"{round_.tag}-{number}")
            latencies_s.append(perf_counter() - submitted)

    started = perf_counter()
    async with asyncio.timeout(REPETITION_LIMIT_S), asyncio.TaskGroup() as group:
        for _ in range(round_.concurrency):
            group.create_task(one_after_another())
    return perf_counter() - started, latencies_s
