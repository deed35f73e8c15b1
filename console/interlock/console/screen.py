"""Draws a task in a terminal as it goes: a row for each step, the effects' costs, the budget. Only draws."""

from collections import deque
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from interlock.bus.clock import now_ms
from interlock.console.amounts import seconds, table, usd
from interlock.console.lines import said
from interlock.console.people.visible import visible
from interlock.console.people.words import to_do
from interlock.console.views import StepState, StepView, TaskView
from interlock.contracts.decision import Decision
from interlock.contracts.step import Progress

FRAMES_PER_S = 8
RECENT = 4
TAIL_CHARS = 160
BARS = ("money", "tokens", "model calls", "time")
STYLES: dict[StepState, tuple[str, str]] = {
    "waiting": ("·", "dim"),
    "working": ("▶", "cyan"),
    "awaiting": ("?", "bold magenta"),
    "done": ("✓", "green"),
    "retrying": ("↻", "yellow"),
    "reopened": ("↺", "yellow"),
    "dead": ("✗", "red"),
}


class LiveScreen:
    """A watcher that keeps one picture up to date while its context is open."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._view: TaskView | None = None
        self._recent: deque[str] = deque(maxlen=RECENT)
        self._tokens: dict[str, str] = {}
        self._live = Live(
            console=console, get_renderable=self._picture, refresh_per_second=FRAMES_PER_S, transient=False
        )

    def __enter__(self) -> Self:
        """Begin to draw."""
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Draw once more and give the terminal back."""
        self._live.stop()

    def on_decision(self, view: TaskView, decision: Decision) -> None:
        """Take up a decision."""
        self._view = view
        self._recent.extend(said(fact) for fact in decision.facts)

    def on_progress(self, view: TaskView, step: str, progress: Progress) -> None:
        """Take up what a step does; pieces of a model's answer are shown as its latest words."""
        self._view = view
        if progress.tokens:
            self._tokens[step] = (self._tokens.get(step, "") + progress.text)[-TAIL_CHARS:]
            view.steps[step].doing = "… " + " ".join(self._tokens[step].split())
        else:
            self._tokens.pop(step, None)

    def _picture(self) -> RenderableType:
        view = self._view
        if view is None:
            return Text("waiting for the supervisor…", style="dim")
        recent = Text("\n".join(self._recent), style="dim", overflow="ellipsis", no_wrap=True)
        at_ms = now_ms()
        inside = Group(_steps(view, at_ms), _budget(view))
        picture = Panel(inside, title=_title(view, at_ms), title_align="left", border_style="dim")
        return Group(picture, recent, *([_asked(view)] if view.waits_for else []))


def _title(view: TaskView, at_ms: int) -> Text:
    until_ms = at_ms if view.clock_runs else view.last_ms
    waits = f" — {view.reason}" if view.reason else ""
    return Text(f"task {view.task} · {view.status}{waits} · {seconds(max(0, until_ms - view.began_ms))}")


def _steps(view: TaskView, at_ms: int) -> RenderableType:
    rows = Table(box=None, expand=True, pad_edge=False, show_header=False)
    rows.add_column(width=1)
    rows.add_column(no_wrap=True, max_width=22)
    rows.add_column(no_wrap=True, max_width=16)
    rows.add_column(justify="right", no_wrap=True, width=8)
    rows.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    rows.add_column(no_wrap=True, justify="right")
    for step in view.steps.values():
        sign, style = STYLES[step.state]
        rows.add_row(
            Text(sign, style=style),
            Text(step.id, style=style),
            Text(step.principal or step.role, style="" if step.principal else "dim"),
            Text(_since(step, at_ms), style="dim"),
            Text(_what(step)),
            Text(_cost(step), style="dim"),
        )
    return rows


def _since(step: StepView, at_ms: int) -> str:
    if step.state == "working":
        return seconds(max(0, at_ms - step.since_ms))
    return seconds(step.ended_ms - step.since_ms) if step.ended_ms else ""


def _what(step: StepView) -> str:
    if step.state == "working" and step.doing:
        return f"{step.title} — {step.doing}" if step.title else step.doing
    return step.note or step.title


def _cost(step: StepView) -> str:
    parts = [usd(step.spent.spend_usd_micros)] if step.spent.spend_usd_micros else []
    parts += [f"{step.spent.tokens:,} tokens"] if step.spent.tokens else []
    return " ".join(parts)


def _asked(view: TaskView) -> RenderableType:
    """Say how to answer what a person is asked."""
    lines = [f"{asked.number} {visible(asked.summary)}\n  {to_do(asked)}" for asked in view.waits_for]
    return Text("\n".join(lines), style="bold")


def _budget(view: TaskView) -> RenderableType:
    rows = Table(box=None, expand=True, pad_edge=False, show_header=False, padding=(1, 1, 0, 0))
    limited = [row for row in table(view.total, view.budget) if row.share is not None and row.name in BARS]
    for _ in limited:
        rows.add_column(ratio=1)
    bars: list[RenderableType] = []
    for row in limited:
        share = row.share or 0.0
        style = "red" if share >= 1 else "yellow" if share >= 0.8 else "green"
        bars.append(
            Group(
                Text(row.name, style="dim"),
                Text(f"{row.spent} / {row.limit}", no_wrap=True, overflow="ellipsis"),
                ProgressBar(total=1.0, completed=min(share, 1.0), complete_style=style, finished_style=style),
            )
        )
    rows.add_row(*bars)
    return rows
