"""The list of the inbox: a row for each that people are asked, the most urgent first.

The cursor stays on the same number whatever comes and goes: nobody decides about a row that has just moved.
"""

import heapq
from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.widgets import DataTable

from interlock.console.people.asked import Asked
from interlock.console.people.listing import summary, urgency
from interlock.console.people.mandate import Mandate
from interlock.console.people.numbers import Number, read_number
from interlock.console.people.words import KINDS, span, time_left

MOST_ROWS = 500
SOON_MS = 600_000
COLUMNS = ("", "number", "kind", "age", "time left", "for", "what")
Cells = tuple[Text, ...]


class Rows(DataTable[Text]):
    """The list; the number under the cursor is `chosen`."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "select_cursor", "open")]

    def __init__(self) -> None:
        super().__init__(cursor_type="row", zebra_stripes=False, cell_padding=1)
        self._shown: dict[str, Cells] = {}
        self.hidden = 0

    def on_mount(self) -> None:
        """Name the columns."""
        for column in COLUMNS:
            self.add_column(column, key=column)

    @property
    def chosen(self) -> Number | None:
        """The number of the row under the cursor."""
        if not self.row_count:
            return None
        key = self.coordinate_to_cell_key(self.cursor_coordinate).row_key.value
        return None if key is None else read_number(key)

    def choose(self, number: Number) -> bool:
        """Put the cursor on a number; return whether it is in the list."""
        if str(number) not in self._shown:
            return False
        self.move_cursor(row=self.get_row_index(str(number)))
        return True

    def show_all(self, mandate: Mandate, wanted: list[Asked]) -> None:
        """Show these, at most as many as anybody looks at; `hidden` is how many more there are."""
        shown = heapq.nsmallest(MOST_ROWS, wanted, key=urgency)
        self.hidden = len(wanted) - len(shown)
        cells = {str(asked.number): _cells(mandate, asked) for asked in shown}
        if list(cells) == list(self._shown):
            self._update(cells)
        else:
            self._replace(cells)
        self._shown = cells

    def _update(self, cells: dict[str, Cells]) -> None:
        for key, row in cells.items():
            for column, old, new in zip(COLUMNS, self._shown[key], row, strict=True):
                if old != new:
                    self.update_cell(key, column, new, update_width=True)

    def _replace(self, cells: dict[str, Cells]) -> None:
        chosen, at_row, offset = self.chosen, self.cursor_row, self.scroll_offset
        self.clear()
        for key, row in cells.items():
            self.add_row(*row, key=key)
        key = "" if chosen is None else str(chosen)
        row_index = self.get_row_index(key) if key in cells else min(at_row, max(0, len(cells) - 1))
        self.scroll_to(y=offset.y, animate=False)
        self.move_cursor(row=row_index)


def _cells(mandate: Mandate, asked: Asked) -> Cells:
    mine, now_ms = mandate.is_theirs(asked), mandate.now_ms
    deadline_ms = None if asked.stands_since_ms else asked.deadline_ms
    hurry = "bold red" if deadline_ms is not None and deadline_ms - now_ms < SOON_MS else ""
    faint = "" if mine else "dim"
    verdict = asked.resolved.verdict if asked.resolved else ""
    return (
        Text("●" if mine and not verdict else " ", style="bold green"),
        Text(str(asked.number), style=faint or "bold"),
        Text(KINDS[asked.said.kind], style=faint),
        Text(span(now_ms - asked.said.at_ms), style=faint, justify="right"),
        Text(verdict or time_left(asked, now_ms), style="" if verdict else hurry or faint),
        Text(asked.desk, style=faint),
        Text(summary(mandate, asked), style=faint),
    )
