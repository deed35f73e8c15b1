"""Shows a task line by line, for pipes, files and people who like to scroll; knows no terminal."""

from collections.abc import Callable

from interlock.console.lines import said
from interlock.console.people.words import to_do
from interlock.console.views import TaskView
from interlock.contracts import facts as f
from interlock.contracts.decision import Decision
from interlock.contracts.step import Progress

MAX_LINE_CHARS = 240


class PlainScreen:
    """A watcher that says one line for each fact and each progress."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._said: dict[str, str] = {}

    def on_decision(self, view: TaskView, decision: Decision) -> None:
        """Say each fact of a decision."""
        at_s = (decision.at_ms - view.began_ms) / 1000
        for fact in decision.facts:
            self._line(f"{at_s:7.2f}  {said(fact)}")
            if isinstance(fact, f.Escalated) and fact.number in view.asked:
                self._line(f"         to decide: {to_do(view.asked[fact.number])}")

    def on_progress(self, view: TaskView, step: str, progress: Progress) -> None:
        """Say what a step does now, unless it is a piece of text or was said just before."""
        del view
        if progress.tokens or self._said.get(step) == progress.text:
            return
        self._said[step] = progress.text
        self._line(f"         {step}: {progress.principal}: {' '.join(progress.text.split())}")

    def _line(self, line: str) -> None:
        self._say(line if len(line) <= MAX_LINE_CHARS else f"{line[: MAX_LINE_CHARS - 1]}…")
