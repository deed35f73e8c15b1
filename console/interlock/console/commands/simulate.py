"""`interlock simulate`: the real core and shell against a seeded adversary, in virtual time."""

from collections.abc import Iterable
from itertools import count, takewhile

import click

from interlock.bus.clock import monotonic_ms
from interlock.console.errors import BadInput
from interlock.console.exits import Exit
from interlock.console.help import command
from interlock.console.output import out, say
from interlock.console.simulation.adversary import DEFAULT_STEPS, draw
from interlock.console.simulation.campaign import Totals, run_seeds
from interlock.console.simulation.run import Report, Simulation
from interlock.console.simulation.scenario import Scenario
from interlock.console.simulation.shrink import shrunken
from interlock.console.simulation.story import tell
from interlock.console.whole import Whole

DEFAULT_SEEDS = 100
MOST_NAMED = 10
EVERY = 100
MS_PER_MINUTE = 60_000


@command()
@click.option("--seeds", type=Whole(1, 10**9), metavar="N", help="Run so many seeds.  [default: 100]")
@click.option("--from", "first", type=Whole(0, 10**12), default=0, metavar="S", help="Begin here.")
@click.option(
    "--steps",
    type=Whole(0, 2_000),
    default=DEFAULT_STEPS,
    show_default=True,
    metavar="K",
    help="So many things go wrong in each.",
)
@click.option("--minutes", type=Whole(1, 100_000), metavar="M", help="Go on for so long.")
@click.option("--seed", type=Whole(0, 10**12), metavar="S", help="Run this one seed, and tell it.")
@click.option("--verbose", is_flag=True, help="With --seed: print the whole log.")
def simulate(
    seeds: int | None, first: int, steps: int, minutes: int | None, seed: int | None, *, verbose: bool
) -> int:
    """Try to break the supervisor: simulate it with everything going wrong, one seed after the other.

    The real core and shell, agents and effect workers run in one thread and virtual time, and an adversary
    drawn from the seed crashes, freezes, cuts off and delays them, in K steps. After every record the laws
    of budgets and stops are checked. A seed that breaks one is told again, made as short as possible.
    Exits with 1 when a law was broken.

    Examples:
      interlock simulate --seeds 1000
      interlock simulate --seed 42 --verbose

    """
    if seed is not None:
        if seeds is not None or minutes is not None or first:
            raise BadInput("--seed runs one seed: leave out --seeds, --from and --minutes")
        return _one(draw(seed, steps), verbose=verbose)
    if verbose:
        raise BadInput("--verbose prints one run: name its seed with --seed")
    totals = _many(_seeds(first, seeds, minutes), steps)
    _sum_up(totals)
    for report in totals.failed[:MOST_NAMED]:
        out(_line(report))
        out(f"  replay it: interlock simulate --seed {report.seed} --steps {steps}")
    if totals.failed:
        out("")
        _tell_shortest(draw(totals.failed[0].seed, steps), totals.failed[0])
    return Exit.INTERNAL if totals.failed else Exit.DONE


def _seeds(first: int, seeds: int | None, minutes: int | None) -> Iterable[int]:
    if minutes is None:
        return range(first, first + (seeds or DEFAULT_SEEDS))
    until_ms = monotonic_ms() + minutes * MS_PER_MINUTE
    endless = takewhile(lambda _: monotonic_ms() < until_ms, count(first))
    return endless if seeds is None else takewhile(lambda seed: seed < first + seeds, endless)


def _many(seeds: Iterable[int], steps: int) -> Totals:
    totals = Totals()
    for report in run_seeds(seeds, steps):
        totals.add(report)
        if totals.seeds % EVERY == 0:
            say(f"{totals.seeds} seeds, {len(totals.failed)} failed")
    return totals


def _one(scenario: Scenario, *, verbose: bool) -> int:
    simulation = Simulation(scenario)
    report = simulation.run()
    if verbose or report.violation is None:
        for line in tell(scenario, report, simulation.records, everything=verbose):
            out(line)
    else:
        _tell_shortest(scenario, report)
    return Exit.DONE if report.violation is None else Exit.INTERNAL


def _tell_shortest(scenario: Scenario, report: Report) -> None:
    """Tell a failing run with as few actions as still break the same law."""
    shortest = shrunken(scenario, report)
    out(f"of {len(scenario.actions)} actions, {len(shortest.actions)} are enough:")
    simulation = Simulation(shortest)
    told = simulation.run()
    for line in tell(shortest, told, simulation.records):
        out(line)


def _sum_up(totals: Totals) -> None:
    out(
        f"{totals.seeds} seeds, {totals.virtual_s / 3_600:.1f} virtual hours: {totals.tasks} tasks, "
        f"{totals.records} records, {totals.executions} effects carried out, {totals.crashes} crashes, "
        f"{totals.compared} comparisons of state and log"
    )
    out("every law was kept" if not totals.failed else f"{len(totals.failed)} seeds broke a law")


def _line(report: Report) -> str:
    assert report.violation is not None, "only failures are listed"
    return f"seed {report.seed} ({report.profile}): {report.violation.law}: {report.violation.sentence}"
