"""What each key of the inbox does, on one small screen over it. It changes nothing."""

from typing import ClassVar

from rich.console import Group
from rich.table import Table
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

KEYS = (
    ("↑ ↓", "another one; pgup pgdn, where it is long"),
    ("⏎", "open: give it all the room"),
    ("esc", "back to the list"),
    ("a", "approve, signed over exactly what is shown"),
    ("e", "edit the arguments, and agree to that"),
    ("r", "reject, with a reason"),
    ("n", "answer, or fill in the form"),
    ("+", "raise a limit, and go on"),
    ("w", "reassign: somebody else is asked"),
    ("x", "abort: end the task that asks"),
    ("/", "find what holds some words"),
    ("m", "only what is yours, or all"),
    ("d", "what was decided lately, or what is open"),
    ("q", "quit"),
    ("●", "is yours to decide"),
)
SHEET = (
    "A verb opens a sheet, and nothing is said before",
    "ctrl+s. The bar below shows the keys that fit.",
)


class KeysScreen(ModalScreen[None]):
    """The keys, until one of these is pressed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,enter,q", "dismiss", "back", key_display="esc"),
    ]

    def compose(self) -> ComposeResult:
        """Put up the keys."""
        with VerticalScroll(id="keys"):
            yield Static(_paper())


def _paper() -> Group:
    rows = Table.grid(padding=(0, 2, 0, 0))
    rows.add_column(justify="right", style="bold")
    rows.add_column()
    for key, what in KEYS:
        rows.add_row(key, what)
    for line in SHEET:
        rows.add_row("", line, style="dim")
    return Group(rows)
