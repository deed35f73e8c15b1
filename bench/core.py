"""How many decisions the pure core makes in a second of CPU time: `python -m bench.core`.

The inputs are those of the small job, 32 tasks at a time, recorded by playing it against the core once. Then
they are decided again from the empty state, without anything else: no bytes are read or written, and the
clock is asked twice a turn. A second turn asks it around every input, to tell the kinds apart.
"""

import argparse
import gc
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from statistics import median
from time import process_time_ns

from bench.crowd import ADMITTED, ASKED, us_per_crowded_settlement
from bench.play import Play
from bench.results import keep

from interlock.bus.process import GARBAGE_THRESHOLDS
from interlock.contracts.facts import AnyFact
from interlock.contracts.inputs import Input
from interlock.contracts.message import snake
from interlock.supervisor.core.decide import decide, decide_tick
from interlock.supervisor.core.evolve import evolve
from interlock.supervisor.core.state import State

START_MS = 1_800_000_000_000
TASKS, QUICK_TASKS = 2_000, 300
TURNS, QUICK_TURNS = 5, 2
AT_ONCE = 32
INPUTS_PER_TICK = 2_500
"""A tick every 250 ms at 10,000 inputs a second."""


@dataclass(frozen=True)
class Figures:
    """What was measured; `us_by_kind` are medians, `per_1000` is how many of 1,000 inputs are such."""

    tasks: int
    at_once: int
    limited: bool
    inputs_per_task: float
    facts_per_task: float
    decisions_per_s: float
    us_per_decision: float
    facts_evolved_per_s: float
    us_per_crowded_settlement: float
    us_by_kind: dict[str, float]
    per_1000: dict[str, float]


def measure(tasks: int, turns: int, *, at_once: int = AT_ONCE, limited: bool = False) -> Figures:
    """Play so many tasks, then decide everything again, `turns` times; return the best turn's figures."""
    play = Play(START_MS, limited=limited)
    play.run(tasks, at_once)
    if play.completed != tasks:
        raise RuntimeError(f"{tasks} tasks were played, and {play.completed} completed")
    inputs, told = play.inputs, play.told
    del play
    _settle_down()
    deciding_ns = min(_decided(inputs) for _ in range(turns))
    evolving_ns = min(_evolved(told) for _ in range(turns))
    us_by_kind = _by_kind(inputs)
    return Figures(
        tasks=tasks,
        at_once=at_once,
        limited=limited,
        inputs_per_task=len(inputs) / tasks,
        facts_per_task=len(told) / tasks,
        decisions_per_s=len(inputs) / deciding_ns * 1e9,
        us_per_decision=deciding_ns / len(inputs) / 1e3,
        facts_evolved_per_s=len(told) / evolving_ns * 1e9,
        us_per_crowded_settlement=us_per_crowded_settlement(),
        us_by_kind={kind: median(times) for kind, times in us_by_kind.items()},
        per_1000={kind: len(times) / len(inputs) * 1e3 for kind, times in us_by_kind.items()},
    )


def _settle_down() -> None:
    """Treat garbage as the processes of Interlock do, and let what is there count for nothing."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE_THRESHOLDS)


def _decided(inputs: Sequence[Input]) -> int:
    """Return the ns of CPU time that deciding everything needs, ticks and all."""
    gc.collect()
    state = State()
    rest = iter(inputs)
    started = process_time_ns()
    while piece := list(islice(rest, INPUTS_PER_TICK)):
        for said in piece:
            state = decide(state, said, said.time_ms).state
        state = decide_tick(state, said.time_ms).state
    return process_time_ns() - started


def _evolved(told: Sequence[tuple[int, AnyFact]]) -> int:
    """Return the ns of CPU time that evolving through all facts needs."""
    gc.collect()
    state = State()
    started = process_time_ns()
    for task, fact in told:
        state = evolve(state, task, fact)
    return process_time_ns() - started


def _by_kind(inputs: Sequence[Input]) -> dict[str, list[float]]:
    """Return the µs of each decision, without those of asking the clock, by kind of input."""
    gc.collect()
    clock_ns = min(_clock_ns() for _ in range(1_000))
    state = State()
    times: dict[str, list[float]] = {}
    for place, said in enumerate(inputs, 1):
        before = process_time_ns()
        state = decide(state, said, said.time_ms).state
        after = process_time_ns()
        times.setdefault(_kind(said), []).append((after - before - clock_ns) / 1e3)
        if place % INPUTS_PER_TICK == 0:
            before = process_time_ns()
            state = decide_tick(state, said.time_ms).state
            after = process_time_ns()
            times.setdefault("tick", []).append((after - before - clock_ns) / 1e3)
    return times


def _clock_ns() -> int:
    before = process_time_ns()
    return process_time_ns() - before


def _kind(said: Input) -> str:
    name = f"{said.kind}.{said.verb}"
    if name != "agent.result":
        return name
    step: str = getattr(said.body, "step", snake(type(said.body).__name__))
    return f"{name} of {step.rstrip('0123456789').rstrip('-')}"


def _lines(figures: Figures) -> Iterator[str]:
    yield (
        f"{figures.tasks} tasks, {figures.at_once} at a time{', limits in 4 scopes' * figures.limited}: "
        f"{figures.inputs_per_task:.1f} inputs and {figures.facts_per_task:.1f} facts each"
    )
    yield f"decisions  {figures.decisions_per_s:>9,.0f} /s  ({figures.us_per_decision:.1f} µs each)"
    yield f"evolving   {figures.facts_evolved_per_s:>9,.0f} facts/s"
    yield (
        f"settling   {figures.us_per_crowded_settlement:>9,.0f} µs each while {ASKED - ADMITTED} calls "
        "of the task wait for it"
    )
    for kind, us in sorted(figures.us_by_kind.items(), key=lambda item: -item[1]):
        yield f"  {kind:<28} {us:>8.1f} µs   {figures.per_1000[kind]:>6.1f} of 1,000"


def main(arguments: Sequence[str]) -> None:
    """Measure, show, keep."""
    parser = argparse.ArgumentParser(
        prog="bench.core", description=__doc__.splitlines()[0] if __doc__ else ""
    )
    parser.add_argument("--quick", action="store_true", help="fewer tasks: less exact, in two seconds")
    parser.add_argument("--at-once", type=int, default=AT_ONCE, help="so many tasks at a time (%(default)s)")
    parser.add_argument("--limits", action="store_true", help="with eight limits in four nested scopes")
    options = parser.parse_args(arguments)
    tasks, turns = (QUICK_TASKS, QUICK_TURNS) if options.quick else (TASKS, TURNS)
    figures = measure(tasks, turns, at_once=options.at_once, limited=options.limits)
    print("\n".join(_lines(figures)))
    print(f"kept in {keep([asdict(figures)], 'core').name}")


if __name__ == "__main__":
    main(sys.argv[1:])
