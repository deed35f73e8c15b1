"""One that people are asked, in full: what is known at once, what stands elsewhere in the log as it comes."""

from collections.abc import Callable

from textual import work
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from interlock.bus.errors import BusError
from interlock.bus.ports import Bus
from interlock.console.output import Line
from interlock.console.people.asked import Asked
from interlock.console.people.mandate import Mandate
from interlock.console.people.paper import block
from interlock.console.people.reading import Case, with_context
from interlock.console.people.screen.drawing import drawn


class Detail(VerticalScroll):
    """The paper of one escalation, for the person of the mandate."""

    def __init__(self, bus: Bus, mandate: Callable[[], Mandate]) -> None:
        super().__init__(id="detail")
        self._bus = bus
        self._mandate = mandate
        self._case: Case | None = None
        self._lines: list[Line] = []
        self._paper = Static(id="paper")

    def compose(self) -> ComposeResult:
        """Put up the paper."""
        yield self._paper

    def show(self, asked: Asked) -> None:
        """Show one as it stands now."""
        case, mandate = self._case, self._mandate()
        if case is None or case.asked is not asked:
            case = self._case = Case(asked, mandate.docket)
            self.scroll_home(animate=False)
            self._complete(asked)
        self._put(block(case, mandate))

    def show_nothing(self, why: str) -> None:
        """Show that there is none."""
        self._case = None
        self._put([Line(why, style="dim")])

    @work(exclusive=True, group="reading")
    async def _complete(self, asked: Asked) -> None:
        try:
            case = await with_context(self._bus, self._mandate().docket, asked)
        except BusError as error:
            self.notify(str(error), severity="error", markup=False)
            return
        if self._case is not None and self._case.asked is asked:
            self._case = case
            self._put(block(case, self._mandate()))

    def _put(self, lines: list[Line]) -> None:
        """Show lines, unless they stand there already: to draw a long one takes a while."""
        if lines != self._lines:
            self._lines = lines
            self._paper.update(drawn(lines))
