"""Shows and keeps results; does not know how they came about."""

import json
import os
import platform
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.measure import Result

FOLDER = Path(__file__).parent / "results"
HEAD = ("system", "at once", "tasks/s", "of {0}", "{0}/it", "p50 ms", "p99 ms", "CPU ms", "MiB", "by process")


def table(results: Sequence[Result], *, beside: str) -> str:
    """Return the results as plain text, a line each, their rates also as shares of the system `beside`.

    CPU is per task, memory the sum of all processes' peaks so far.
    """
    rates = {result.concurrency: result.tasks_per_s for result in results if result.system == beside}
    head = tuple(word.format(beside) for word in HEAD)
    rows = [head, *(_row(result, rates.get(result.concurrency)) for result in results)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(_line(row, widths) for row in rows)


def save(results: Sequence[Result], name: str) -> Path:
    """Keep the results in `name`.jsonl; return the file."""
    return keep([asdict(result) for result in results], name)


def keep(figures: Sequence[Mapping[str, Any]], name: str) -> Path:
    """Append figures to `name`.jsonl, with when and on what they were measured; return the file."""
    FOLDER.mkdir(exist_ok=True)
    circumstances = {
        "measured": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "python": platform.python_version(),
        "cores": os.cpu_count(),
    }
    file = FOLDER / f"{name}.jsonl"
    with file.open("a") as lines:
        lines.writelines(json.dumps(circumstances | dict(figure)) + "\n" for figure in figures)
    return file


def _row(result: Result, rate: float | None) -> tuple[str, ...]:
    by_cost = sorted(result.cpu_ms_per_task.items(), key=lambda part: -part[1])
    return (
        result.system,
        str(result.concurrency),
        f"{result.tasks_per_s:,.0f}",
        f"{result.tasks_per_s / rate:.3f}" if rate else "-",
        f"{rate / result.tasks_per_s:.1f}" if rate else "-",
        f"{result.p50_ms:.1f}",
        f"{result.p99_ms:.1f}",
        f"{sum(result.cpu_ms_per_task.values()):.2f}",
        f"{sum(result.peak_rss_mb.values()):.0f}",
        ", ".join(f"{name} {cost:.2f}" for name, cost in by_cost),
    )


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    first, *numbers, last = (
        cell.ljust(width) if column in {0, len(row) - 1} else cell.rjust(width)
        for column, (cell, width) in enumerate(zip(row, widths, strict=True))
    )
    return "  ".join((first, *numbers, last)).rstrip()
