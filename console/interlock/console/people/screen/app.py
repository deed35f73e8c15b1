"""The inbox in a terminal: what people are asked as a list, one of it in full, and keys to decide about it.

It shows what the log says and says what a person decides; who may, the supervisor decides.
"""

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from textual import work
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.reactive import reactive
from textual.widgets import DataTable, Footer, Input, Static

from interlock.bus.clock import now_ms
from interlock.bus.errors import BusError
from interlock.bus.nats_bus import NatsBus
from interlock.bus.ports import Bus
from interlock.console.environment import Reach
from interlock.console.errors import ConsoleError
from interlock.console.people.asked import Asked
from interlock.console.people.deciding import decide
from interlock.console.people.mandate import Mandate
from interlock.console.people.numbers import Number
from interlock.console.people.paper import block
from interlock.console.people.reading import read_case
from interlock.console.people.screen.detail import Detail
from interlock.console.people.screen.drawing import drawn
from interlock.console.people.screen.keys import KeysScreen
from interlock.console.people.screen.live import Live
from interlock.console.people.screen.rows import Rows
from interlock.console.people.screen.sheet import SheetScreen
from interlock.console.people.screen.view import View, heading
from interlock.console.people.sheets import Person, sheet_of
from interlock.console.people.words import outcome, verbs_of
from interlock.contracts.errors import ContractError

TICK_S = 1.0
TOLD_S = 8.0
"""How long a message stays in the corner."""


class Inbox(App[None]):
    """The inbox of one person."""

    TITLE = "interlock inbox"
    CSS_PATH = Path(__file__).with_name("inbox.tcss")
    ENABLE_COMMAND_PALETTE = False
    VERTICAL_BREAKPOINTS = [(0, "-short"), (34, "-tall")]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (130, "-wide")]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "open"),
        Binding("escape", "close", "back"),
        Binding("a", "say('approve')", "approve"),
        Binding("e", "say('edit')", "edit"),
        Binding("r", "say('reject')", "reject"),
        Binding("n", "say('answer')", "answer"),
        Binding("plus", "say('raise')", "raise", key_display="+"),
        Binding("w", "say('reassign')", "reassign"),
        Binding("x", "say('abort')", "abort"),
        Binding("question_mark", "help", "keys", key_display="?"),
        Binding("q", "quit", "quit"),
        Binding("slash", "find", "find", key_display="/"),
        Binding("m", "mine", "mine/all"),
        Binding("d", "decided", "decided"),
    ]

    mine = reactive(default=False)
    decided = reactive(default=False)
    words = reactive("")

    def __init__(
        self,
        bus: Bus,
        reach: Reach,
        *,
        mine: bool = False,
        opens: Number | None = None,
        trouble: Callable[[], str] = str,
    ) -> None:
        """Make one that opens a number first; `trouble` says why it hears nothing now, empty: it hears."""
        super().__init__()
        self._opens = opens
        self._trouble = trouble
        self._bus = bus
        self._person = Person(reach.principal, reach.key_file)
        self._live = Live(bus, self._on_change)
        self._is_due = False
        self._opened: Number | None = None
        self._verbs: tuple[str, ...] = ()
        self._state = Static(id="state")
        self._find = Input(placeholder="words that it has to hold", id="find")
        self._rows = Rows()
        self._detail = Detail(bus, self._mandate)
        self._both = Container(self._rows, self._detail, id="both")
        self._begins_with_mine = mine

    @property
    def live(self) -> Live:
        """What the log says."""
        return self._live

    @property
    def failure(self) -> Exception | None:
        """What ended the inbox, if nobody wanted it to end."""
        return self._exception

    def _fatal_error(self) -> None:
        """Leave in order; textual itself would print a traceback with all that stands in it."""
        self._close_messages_no_wait()

    def compose(self) -> ComposeResult:
        """Put up the list, the one that is open, and the keys."""
        yield self._state
        yield self._find
        yield self._both
        yield Footer()

    async def on_mount(self) -> None:
        """Begin to follow the log."""
        self._find.display = False
        self._rows.focus()
        self.mine = self._begins_with_mine
        self._draw_state()
        await self._live.start()
        self.set_interval(TICK_S, self._draw)

    async def on_unmount(self) -> None:
        """Follow no more."""
        await self._live.stop()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what can be said to the one that is looked at, and a way back where there is one."""
        match action:
            case "say":
                return parameters[0] in self._verbs
            case "open":
                return self._opened is None
            case "close":
                return self._opened is not None or self._find.display
            case _:
                return True

    def watch_mine(self) -> None:
        """Show the others too, or not."""
        self._due()

    def watch_decided(self) -> None:
        """Show what was decided, or what is open."""
        self._due()

    def watch_words(self) -> None:
        """Show what holds the words."""
        self._due()

    def action_mine(self) -> None:
        """Change between what is mine and all."""
        self._to_list()
        self.mine = not self.mine

    def action_decided(self) -> None:
        """Change between what is open and what was decided lately."""
        self._to_list()
        self.decided = not self.decided

    def action_open(self) -> None:
        """Give the one under the cursor all the room, and stay with it when it is decided."""
        self._opened = self._rows.chosen
        if self._opened is not None:
            self._both.add_class("-open")
            self._detail.focus()
            self.refresh_bindings()

    def action_close(self) -> None:
        """Go back to the list."""
        if self._opened is None:
            self._find.display = False
            self._find.value = self.words = ""
        self._to_list()

    def action_find(self) -> None:
        """Ask for the words to look for."""
        self._to_list()
        self._find.display = True
        self._find.focus()
        self.refresh_bindings()

    def action_help(self) -> None:
        """Show what each key does."""
        self.push_screen(KeysScreen())

    def action_help_quit(self) -> None:
        """Leave, as Ctrl-C does everywhere."""
        self.exit()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Look for what is typed, as it is typed."""
        if event.input is self._find:
            self.words = event.value

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Go to the list with what was found."""
        if event.input is self._find:
            self._rows.focus()

    def on_data_table_row_selected(self) -> None:
        """Open what is chosen."""
        self.action_open()

    def on_data_table_row_highlighted(self, _event: DataTable.RowHighlighted) -> None:
        """Show what the cursor is on."""
        self._show_chosen()

    def action_say(self, verb: str) -> None:
        """Ask for what a verb needs, about the one under the cursor as it was when the key was pressed."""
        asked = self._chosen()
        if asked is not None:
            self.clear_notifications()
            self._say(verb, asked.number)

    @work(exclusive=True, group="saying")
    async def _say(self, verb: str, number: Number) -> None:
        """Read it anew, let the person fill in the sheet, say it, and tell what it came to."""
        try:
            case = await read_case(self._bus, number)
            if case.asked.resolved is not None:
                self._tell(f"too late: {number} {outcome(case.asked, case.asked.resolved)}", severe=True)
                return
            sheet = sheet_of(verb, case, self._person)
            verdict = await self.push_screen_wait(
                SheetScreen(sheet, drawn(block(case, Mandate(case.docket, self._person.name, now_ms()))))
            )
            if verdict is None:
                return
            end = await decide(self._bus, number, verdict)
        except (ConsoleError, ContractError, BusError) as error:
            self._tell(str(error), severe=True)
            return
        self._tell("\n".join((end.sentence, *end.then)), severe=end.word == "refused")

    def _tell(self, sentence: str, *, severe: bool = False) -> None:
        self.notify(sentence, severity="error" if severe else "information", timeout=TOLD_S, markup=False)

    def _to_list(self) -> None:
        self._opened = None
        self._both.remove_class("-open")
        self._rows.focus()
        self._show_chosen()
        self.refresh_bindings()

    def _on_change(self, changed: list[Asked]) -> None:
        fresh = [asked for asked in changed if asked.resolved is None and not asked.approvals]
        mandate = self._mandate()
        if any(mandate.is_theirs(asked) for asked in fresh):
            self.bell()
        self._due()

    def _due(self) -> None:
        """Draw soon: once for all that comes at the same time."""
        if not self._is_due and self.is_running:
            self._is_due = True
            self.call_next(self._draw)

    def _draw(self) -> None:
        self._is_due = False
        if not self._live.is_up_to_date:
            self._draw_state()
            return
        mandate = self._mandate()
        with self.batch_update():
            self._rows.show_all(mandate, self._view.wanted(mandate))
            self._draw_state()
        if self._opens is not None:
            self._open_first(self._opens)
        self._show_chosen()

    def _open_first(self, number: Number) -> None:
        self._opens = None
        if self._rows.choose(number):
            self.action_open()
        else:
            self._tell(f"{number} is not in this list: press / and type {number}", severe=True)

    def _draw_state(self) -> None:
        state = heading(self._view, self._live, self._mandate(), self._rows.hidden)
        trouble = self._trouble()
        self._state.update(state.append(f"  {trouble}", style="bold red") if trouble else state)

    @property
    def _view(self) -> View:
        return View(self.mine, self.decided, self.words)

    def _chosen(self) -> Asked | None:
        number = self._rows.chosen if self._opened is None else self._opened
        return None if number is None else self._live.docket.find(number)

    def _show_chosen(self) -> None:
        """Show the one that is open, or under the cursor, and the keys for what can be said to it."""
        asked = self._chosen()
        verbs = () if asked is None or asked.resolved is not None else verbs_of(asked)
        if verbs != self._verbs:
            self._verbs = verbs
            self.refresh_bindings()
        if asked is not None:
            self._detail.show(asked)
        elif self._live.is_up_to_date:
            self._detail.show_nothing(self._view.nothing)

    def _mandate(self) -> Mandate:
        return Mandate(self._live.docket, self._person.name, now_ms())


async def show_inbox(bus: NatsBus, reach: Reach, *, mine: bool, opens: Number | None) -> None:
    """Show the inbox until the person leaves it; raises what ended it otherwise."""

    def trouble() -> str:
        return "" if bus.connected else str(bus.connection.failure("this is how it was"))

    inbox = Inbox(bus, reach, mine=mine, opens=opens, trouble=trouble)
    await inbox.run_async()
    if inbox.failure is not None:
        raise inbox.failure
