"""A sheet to fill in, over the inbox: what is decided about, fields, and one button. It decides nothing.

What is wrong is told on the sheet, which stays with all that was typed.
"""

from collections.abc import Iterator
from typing import ClassVar

import click
from rich.console import RenderableType
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Button, Checkbox, Input, Label, Select, Static, TextArea

from interlock.console.errors import ConsoleError
from interlock.console.people.fields import Field, Typed, words_of
from interlock.console.people.saying import Verdict
from interlock.console.people.sheets import Sheet
from interlock.contracts.errors import ContractError


class SheetScreen(ModalScreen[Verdict | None]):
    """Asks for a sheet; it is dismissed with the verdict, or with nothing."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "back", priority=True),
        Binding("ctrl+s", "say", "say it", priority=True),
        Binding("ctrl+e", "editor", "in $EDITOR", priority=True),
        Binding("pageup", "look(-1)", "look up", priority=True),
        Binding("pagedown", "look(1)", "look down", priority=True),
    ]

    def __init__(self, sheet: Sheet, about: RenderableType) -> None:
        super().__init__()
        self._sheet = sheet
        self._about = about

    def compose(self) -> ComposeResult:
        """Put up what is decided about, the fields, and the buttons."""
        with Vertical(id="sheet"):
            yield Label(Text(self._sheet.title, style="bold"), id="title")
            with VerticalScroll(id="about") as about:
                about.border_subtitle = "pgup pgdn"
                yield Static(self._about)
            with VerticalScroll(id="fields"):
                for place, field in enumerate(self._sheet.fields):
                    yield from _widgets(field, place)
            yield Static("", id="wrong")
            with Horizontal(id="buttons"):
                yield Button(f"{self._sheet.button} (ctrl+s)", variant="primary", id="say", compact=True)
                yield Button("Back (esc)", id="leave", compact=True)
                if any(field.kind == "text" for field in self._sheet.fields):
                    yield Button("$EDITOR (ctrl+e)", id="editor", compact=True)

    def on_mount(self) -> None:
        """Begin in the first field."""
        self.query_one("#field-0").focus()

    @on(Button.Pressed, "#leave")
    def action_leave(self) -> None:
        """Go back; nothing is said."""
        self.dismiss(None)

    @on(Button.Pressed, "#say")
    @on(Input.Submitted)
    def action_say(self) -> None:
        """Make the verdict of what was typed, or say what is wrong with it."""
        try:
            verdict = self._sheet.makes(self._typed())
        except (ConsoleError, ContractError) as error:
            self._complain(str(error))
            return
        self.dismiss(verdict)

    def action_look(self, pages: int) -> None:
        """Look at more of what is decided about, whatever is being typed."""
        about = self.query_one("#about", VerticalScroll)
        about.scroll_relative(y=pages * max(1, about.size.height - 1), animate=False)

    @on(Button.Pressed, "#editor")
    def action_editor(self) -> None:
        """Edit the text in the person's own editor."""
        area = next(iter(self.query(TextArea)), None)
        if area is None:
            return
        saved, wrong = None, ""
        with self.app.suspend():  # pyright: ignore[reportUnknownMemberType] - a screen is of any app
            # Within: the screen comes back only where this block ends well.
            try:
                saved = click.edit(area.text, extension=".json")
            except (click.ClickException, OSError, UnicodeError) as error:
                wrong = error.format_message() if isinstance(error, click.ClickException) else str(error)
        self._complain(wrong)
        if saved is not None:
            area.load_text(saved.rstrip("\n"))

    def _complain(self, sentence: str) -> None:
        self.query_one("#wrong", Static).update(Text(sentence, style="bold red"))

    def _typed(self) -> Typed:
        return {
            field.name: _value(self.query_one(f"#field-{place}"))
            for place, field in enumerate(self._sheet.fields)
        }


def _widgets(field: Field, place: int) -> Iterator[Widget]:
    name = f"field-{place}"
    if field.kind == "flag":
        yield Checkbox(Text(field.label), id=name, compact=True)
        return
    yield Label(Text.assemble(field.label, (f"  {field.about}" if field.about else "", "dim")))
    match field.kind:
        case "text":
            yield TextArea(field.value, id=name, soft_wrap=True, compact=True)
        case "choice":
            yield Select[str](
                ((Text(words_of(choice)), choice) for choice in field.choices),
                id=name,
                prompt="choose",
                compact=True,
            )
        case _:
            yield Input(field.value, id=name, compact=True)


def _value(widget: Widget) -> str | bool:
    match widget:
        case Checkbox():
            return widget.value
        case Select():
            return widget.value if isinstance(widget.value, str) else ""
        case TextArea():
            return widget.text
        case Input():
            return widget.value
        case _:
            return ""
