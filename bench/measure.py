"""Measures a system under a closed loop; does not know what the system is made of.

Runs in the peers' environments too: the standard library only.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from statistics import quantiles
from time import perf_counter

from bench.processes import Processes, cpu_ms, peak_rss_mb

REPETITIONS = 3
REPETITION_LIMIT_S = 120.0

Submit = Callable[[str], Awaitable[None]]
"""Hands in the task of that name and returns when it is done."""


@dataclass(frozen=True)
class Round:
    """So many tasks, of which `concurrency` are under way at any time."""

    concurrency: int
    tasks: int


@dataclass(frozen=True)
class Result:
    """What one system did in one round: the repetition with the median rate."""

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


async def measure(system: System, rounds: Sequence[Round]) -> list[Result]:
    """Warm the system up, then run each round; raise TimeoutError when a repetition does not end."""
    await _closed_loop(system.submit, Round(concurrency=8, tasks=max(r.tasks for r in rounds) // 10), "warm")
    return [await _median_of_repetitions(system, round_) for round_ in rounds]


async def _median_of_repetitions(system: System, round_: Round) -> Result:
    results = [await _repetition(system, round_, f"c{round_.concurrency}r{r}") for r in range(REPETITIONS)]
    return sorted(results, key=lambda result: result.tasks_per_s)[REPETITIONS // 2]


async def _repetition(system: System, round_: Round, tag: str) -> Result:
    before = cpu_ms(system.processes)
    wall_s, latencies_s = await _closed_loop(system.submit, round_, tag)
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


async def _closed_loop(submit: Submit, round_: Round, tag: str) -> tuple[float, list[float]]:
    latencies_s: list[float] = []
    numbers = iter(range(round_.tasks))

    async def one_after_another() -> None:
        for number in numbers:
            submitted = perf_counter()
            await submit(f"{tag}-{number}")
            latencies_s.append(perf_counter() - submitted)

    started = perf_counter()
    async with asyncio.timeout(REPETITION_LIMIT_S), asyncio.TaskGroup() as group:
        for _ in range(round_.concurrency):
            group.create_task(one_after_another())
    return perf_counter() - started, latencies_s
