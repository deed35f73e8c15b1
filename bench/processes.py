"""What processes cost, read from Linux's /proc: CPU time and peak memory; does not know what they do.

Runs in the peers' environments too: the standard library only.
"""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")

Processes = Mapping[str, int]
"""The process of each part of a system, by the part's name."""


def cpu_ms(processes: Processes) -> dict[str, float]:
    """Return the CPU time used so far, per part, in ms; without threads that have ended."""
    return {name: _cpu_ms(pid) for name, pid in processes.items()}


def peak_rss_mb(processes: Processes) -> dict[str, float]:
    """Return the most memory held so far, per part, in MiB."""
    return {name: _peak_rss_mb(pid) for name, pid in processes.items()}


def _cpu_ms(pid: int) -> float:
    # schedstat counts nanoseconds; the usual /proc/<pid>/stat counts ticks of 10 ms
    used_ns = 0
    for thread in (PROC / str(pid) / "task").glob("*"):
        with suppress(OSError):  # it ended while we looked
            used_ns += int((thread / "schedstat").read_text().split()[0])
    return used_ns / 1e6


def _peak_rss_mb(pid: int) -> float:
    with suppress(OSError):
        for line in (PROC / str(pid) / "status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return 0.0
