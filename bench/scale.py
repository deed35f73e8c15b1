"""Interlock with more at once, and with more limits: `python -m bench.scale`.

The small job with 256 tasks at a time beside 32, and with eight limits in four nested scopes beside those of
every task. The rounds take turns in one run, so that a machine that grows slower or faster meanwhile does so
for all of them.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace

import uvloop
from bench.governed import NAME, governed
from bench.measure import Contender, Result, Round, median
from bench.results import save, table

TURNS, QUICK_TURNS = 5, 1
QUICK_SHARE = 5
FEW, MANY = 32, 256
WARMING = Round(concurrency=FEW, tasks=200, tag="warm")


async def compare(turns: int, share: int) -> list[Result]:
    """Let each have its turns, and return the medians."""
    async with governed() as plain, governed(limited=True) as limited:
        variants = {
            NAME: (plain, FEW),
            f"{NAME}, {MANY} at once": (plain, MANY),
            f"{NAME}, 8 limits": (limited, FEW),
        }
        for contender in (plain, limited):
            await contender.run(WARMING)
        results: dict[str, list[Result]] = {name: [] for name in variants}
        for turn in range(turns):
            for name, (contender, at_once) in variants.items():
                results[name].append(await _turn(contender, at_once, share, turn))
    return [replace(median(of_one), system=name) for name, of_one in results.items()]


async def _turn(contender: Contender, at_once: int, share: int, turn: int) -> Result:
    tasks = contender.tasks[at_once] // share
    return await contender.run(Round(at_once, max(tasks, at_once), tag=f"{at_once}.{turn}"))


def main(arguments: Sequence[str]) -> None:
    """Compare, print the table, keep the numbers."""
    parser = argparse.ArgumentParser(
        prog="bench.scale", description=__doc__.splitlines()[0] if __doc__ else ""
    )
    parser.add_argument("--quick", action="store_true", help="one short turn each: less exact, in 10 s")
    quick = parser.parse_args(arguments).quick
    turns, share = (QUICK_TURNS, QUICK_SHARE) if quick else (TURNS, 1)
    results = uvloop.run(compare(turns, share))
    print(table(results, beside=NAME))
    for result in results[1:]:
        print(f"{result.system}: {result.tasks_per_s / results[0].tasks_per_s:.2f} of {NAME}'s tasks/s")
    print(f"kept in {save(results, 'scale').name}")


if __name__ == "__main__":
    main(sys.argv[1:])
