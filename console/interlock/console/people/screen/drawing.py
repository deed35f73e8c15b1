"""Draws lines of plain words side by side with their labels; whatever stands in them is never markup."""

from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from interlock.console.output import Line
from interlock.console.people.paper import INDENT

LABEL_CHARS = 12


def drawn(lines: Iterable[Line]) -> RenderableType:
    """Return lines as two columns, labels and what they label."""
    rows = Table.grid(padding=(0, 1, 0, 0))
    rows.add_column(width=LABEL_CHARS, justify="right", style="dim")
    rows.add_column(overflow="fold")
    for line in lines:
        label = line.label.strip()
        deeper = line.indent - INDENT + (0 if label else len(line.label))
        text = Text(line.text, style=line.style)
        rows.add_row(Text(label), Padding(text, (0, 0, 0, max(0, deeper))))
    return Group(rows)
