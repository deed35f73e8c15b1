"""Where the console's words go: results to standard output, everything else to standard error.

Colours and pictures only for a terminal; rich is imported only for one.
"""

import os
import sys
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import click
import msgspec

from interlock.console.amounts import table
from interlock.console.people.visible import visible
from interlock.contracts.budget import DIMENSIONS
from interlock.contracts.results import TaskResult

_OFFLINE = "offline/"
SHORT_CHARS = 160


class Line(NamedTuple):
    """A line for a pipe or a terminal, which gives it a style, and folds its text beside its label."""

    text: str
    label: str = ""
    indent: int = 0
    style: str = ""
    folds: bool = True


def say(line: str) -> None:
    """Tell the person something that is not the result."""
    click.echo(line, err=True)


def out(text: str) -> None:
    """Print (a piece of) the result."""
    click.echo(text)


def print_lines(lines: Iterable[Line]) -> None:
    """Print lines as they are, or drawn in a terminal."""
    if is_terminal():
        _draw_lines(lines)
        return
    for line in lines:
        out(f"{' ' * line.indent}{line.label}{line.text}".rstrip())


def print_rows(rows: Iterable[str]) -> None:
    """Print the rows of a list, each on one line: a terminal cuts what it has no room for, a pipe nothing."""
    print_lines(Line(row, folds=False) for row in rows)


def print_json(value: Any) -> None:
    """Print anything as indented JSON."""
    out(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def is_terminal(*, error: bool = False) -> bool:
    """Tell whether an output is a terminal that can draw."""
    stream = sys.stderr if error else sys.stdout
    return stream.isatty() and os.environ.get("TERM", "dumb") != "dumb"


def is_interactive() -> bool:
    """Tell whether there is a person who sees what is drawn, and whose keys are heard."""
    return is_terminal() and sys.stdin.isatty()


def result_json(result: TaskResult) -> dict[str, Any]:
    """Return a result as JSON with every field that its readers may count on."""
    fields: dict[str, Any] = msgspec.to_builtins(result)
    fields["spent"] = {dimension: getattr(result.spent, dimension) for dimension in DIMENSIONS}
    fields["budget"] = {dimension: getattr(result.budget, dimension) for dimension in DIMENSIONS}
    for claim in fields["claims"]:
        claim.setdefault("citations", [])
    return fields


def print_result(result: TaskResult, *, as_json: bool, next_steps: Sequence[str] = ()) -> None:
    """Print what a task came to: drawn in a terminal, raw Markdown in a pipe, or JSON."""
    if as_json:
        print_json(result_json(result) | {"next_steps": next_steps})
    elif is_terminal():
        _draw(result)
    else:
        if result.report:
            out(result.report.rstrip("\n"))
        for line in summary(result):
            say(line)


def summary(result: TaskResult) -> list[str]:
    """Return how the task ended and what was spent against the budget, as plain lines."""
    reason = f": {result.reason}" if result.reason else ""
    lines = ["", f"task {result.task} {result.status} after {result.seconds:.1f} s{reason}"]
    if result.verdict:
        lines.append(f"verdict: {_verdict(result)}")
    if result.models:
        lines.append(f"by: {thinkers(result)}")
    lines += recommended(result)
    lines += ["", f"{'':<12} {'spent':>14} {'budget':>14}"]
    lines += [f"{row.name:<12} {row.spent:>14} {row.limit:>14}" for row in table(result.spent, result.budget)]
    return lines


def thinkers(result: TaskResult) -> str:
    """Say which models did the thinking; the offline one is none, and says so."""
    return ", ".join(
        f"{model} (no language model: it finds, quotes and abstains)" if model.startswith(_OFFLINE) else model
        for model in result.models
    )


def recommended(result: TaskResult) -> list[str]:
    """Say what agents wanted done that may only suggest; all their arguments stand in `--json`."""
    return [
        f"recommended, not done: {one.tool} {_short(visible(msgspec.json.encode(one.arguments).decode()))}"
        for one in result.recommendations
    ]


def _short(text: str) -> str:
    return text if len(text) <= SHORT_CHARS else f"{text[: SHORT_CHARS - 1]}…"


def _verdict(result: TaskResult) -> str:
    if result.verdict is None:
        return "none"
    return "; ".join(filter(None, (result.verdict.decision, result.verdict.note, *result.verdict.reasons)))


def _draw_lines(lines: Iterable[Line]) -> None:
    from rich.console import Console  # noqa: PLC0415 - rich takes a tenth of a second: only where it draws
    from rich.table import Table  # noqa: PLC0415 - the same
    from rich.text import Text  # noqa: PLC0415 - the same

    console = Console()
    for line in lines:
        label, text = " " * line.indent + line.label, Text(line.text, style=line.style)
        if not label or not line.folds:
            console.print(Text(label) + text, no_wrap=not line.folds, overflow="ellipsis")
            continue
        row = Table.grid()
        row.add_column(no_wrap=True, min_width=len(label))
        row.add_column(overflow="fold")
        row.add_row(label, text)
        console.print(row, markup=False)


def _draw(result: TaskResult) -> None:
    from rich.console import Console  # noqa: PLC0415 - rich takes a tenth of a second: only where it draws
    from rich.markdown import Markdown  # noqa: PLC0415 - the same
    from rich.table import Table  # noqa: PLC0415 - the same
    from rich.text import Text  # noqa: PLC0415 - the same

    console = Console()
    if result.report:
        console.print(Markdown(result.report))
        console.print()
    reason = f": {result.reason}" if result.reason else ""
    console.print(
        Text(f"task {result.task} {result.status} after {result.seconds:.1f} s{reason}", style="bold")
    )
    if result.verdict:
        console.print(Text(f"verdict: {_verdict(result)}"))
    if result.models:
        console.print(Text(f"by: {thinkers(result)}"))
    for line in recommended(result):
        console.print(Text(line))
    rows = Table("", "spent", "budget", box=None, header_style="dim")
    rows.columns[1].justify = rows.columns[2].justify = "right"
    for row in table(result.spent, result.budget):
        rows.add_row(row.name, row.spent, row.limit)
    console.print(rows)
