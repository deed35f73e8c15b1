"""Many seeds on all processors: runs them, adds up what happened, keeps what failed.

It knows no terminal.
"""

import gc
import os
import signal
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from multiprocessing import get_context

import msgspec

from interlock.console.simulation.adversary import draw
from interlock.console.simulation.run import Report, Simulation

CHUNK = 16
MOST_KEPT = 100
NICENESS = 10


class Totals(msgspec.Struct):
    """What happened in all runs so far."""

    seeds: int = 0
    virtual_s: float = 0.0
    records: int = 0
    tasks: int = 0
    executions: int = 0
    crashes: int = 0
    compared: int = 0
    failed: list[Report] = []

    def add(self, report: Report) -> None:
        """Count one run."""
        self.seeds += 1
        self.virtual_s += report.virtual_s
        self.records += report.records
        self.tasks += report.tasks
        self.executions += report.executions
        self.crashes += report.crashes
        self.compared += report.compared
        if report.violation is not None and len(self.failed) < MOST_KEPT:
            self.failed.append(report)


def run_seed(seed: int, steps: int) -> Report:
    """Run one seed."""
    return Simulation(draw(seed, steps)).run()


def run_seeds(seeds: Iterable[int], steps: int, processors: int = 0) -> Iterator[Report]:
    """Run seeds on so many processors (0: all), and yield the reports as they come, in order."""
    processors = processors or os.cpu_count() or 1
    with ProcessPoolExecutor(processors, get_context("spawn"), _stand_back) as pool:
        waiting = iter(seeds)
        running = [pool.submit(_run_chunk, chunk, steps) for chunk in _chunks(waiting, 2 * processors)]
        try:
            while running:
                yield from running.pop(0).result()
                running += [pool.submit(_run_chunk, chunk, steps) for chunk in _chunks(waiting, 1)]
        finally:
            pool.shutdown(cancel_futures=True)


def _stand_back() -> None:
    """Take only what others leave of the processors; let Ctrl-C end whoever waits, who ends the others."""
    os.nice(NICENESS)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _chunks(seeds: Iterator[int], most: int) -> list[list[int]]:
    chunks = (list(islice(seeds, CHUNK)) for _ in range(most))
    return [chunk for chunk in chunks if chunk]


def _run_chunk(seeds: list[int], steps: int) -> list[Report]:
    """Run some seeds here; nothing lives longer than a run, so the collector looks between runs alone."""
    gc.disable()
    gc.collect()
    gc.freeze()
    reports: list[Report] = []
    for seed in seeds:
        reports.append(run_seed(seed, steps))
        gc.collect()
    return reports
