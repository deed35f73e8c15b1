"""What processes cost, read from Linux's /proc: CPU time and peak memory; does not know what they do.

Runs in the peers' environments too: the standard library only.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")

Processes = Mapping[str, Sequence[int]]
"""A name for each part of a system, and the processes that began it. Their descendants count with them,
unless they begin a part of their own."""


def cpu_ms(processes: Processes) -> dict[str, float]:
    """Return the CPU time used so far, per part, in ms; without threads and processes that have ended."""
    return {name: sum(map(_cpu_ms, pids)) for name, pids in _families(processes).items()}


def peak_rss_mb(processes: Processes) -> dict[str, float]:
    """Return the most memory held so far, per part, in MiB: the sum of each process's own peak."""
    return {name: sum(map(_peak_rss_mb, pids)) for name, pids in _families(processes).items()}


def _families(processes: Processes) -> dict[str, list[int]]:
    roots = {pid for pids in processes.values() for pid in pids}
    return {name: [pid for root in pids for pid in _family(root, roots)] for name, pids in processes.items()}


def _family(pid: int, roots: set[int]) -> list[int]:
    children = {int(child) for words in _of_threads(pid, "children") for child in words}
    return [pid, *(member for child in children - roots for member in _family(child, roots))]


def _cpu_ms(pid: int) -> float:
    # schedstat counts nanoseconds; the usual /proc/<pid>/stat counts ticks of 10 ms
    return sum(int(words[0]) for words in _of_threads(pid, "schedstat")) / 1e6


def _of_threads(pid: int, file: str) -> list[list[str]]:
    found: list[list[str]] = []
    for thread in (PROC / str(pid) / "task").glob("*"):
        with suppress(OSError):  # it ended while we looked
            found.append((thread / file).read_text().split())
    return found


def _peak_rss_mb(pid: int) -> float:
    with suppress(OSError):
        for line in (PROC / str(pid) / "status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return 0.0
