"""Shows a task until it ends or needs a person, and says how it went; the heart of `run` and `watch`."""

import asyncio
import contextlib
from collections.abc import Coroutine, Generator
from pathlib import Path
from typing import Any

from interlock.bus.clock import now_ms
from interlock.bus.ports import Bus
from interlock.console.budgets.book import read_book
from interlock.console.budgets.lacks import is_own, remedy
from interlock.console.budgets.numbers import used
from interlock.console.endings import to_the_end
from interlock.console.errors import BadInput
from interlock.console.exits import Exit, of_status
from interlock.console.follow import Watcher, following
from interlock.console.outcome import read_result
from interlock.console.output import is_terminal, print_result, say
from interlock.console.people.visible import visible
from interlock.console.people.words import to_do
from interlock.console.plain import PlainScreen
from interlock.console.sayings import control
from interlock.console.views import TaskView
from interlock.contracts.results import TaskResult
from interlock.contracts.scope import task_scope

KILLED_S = 3.0


@contextlib.contextmanager
def watching() -> Generator[Watcher]:
    """Choose how a task is shown: drawn in a terminal, else line by line."""
    if not is_terminal(error=True):
        yield PlainScreen(say)
        return
    from rich.console import Console  # noqa: PLC0415 - rich takes a tenth of a second: only where it draws

    from interlock.console.screen import LiveScreen  # noqa: PLC0415 - the same

    with LiveScreen(Console(stderr=True)) as screen:
        yield screen


async def show_to_the_end(bus: Bus, task: int, *, own: bool = False) -> TaskView:
    """Show a task until nothing more happens by itself; `own` kills it when we are interrupted."""
    with watching() as watcher:
        async with following(bus, task, watcher) as followed:
            try:
                return await followed.quiet(until_asked=not is_terminal(error=True))
            except asyncio.CancelledError:
                if own:
                    say(f"interrupted: killing task {task}")
                    await to_the_end(_kill(bus, task, followed.quiet()))
                raise


async def _kill(bus: Bus, task: int, quiet: Coroutine[Any, Any, TaskView]) -> None:
    try:
        async with asyncio.timeout(KILLED_S):
            await control(bus, "kill", task_scope(task), "interrupted at the terminal")
            await quiet
    except TimeoutError:
        say(f"no supervisor has confirmed the kill of task {task} within {KILLED_S:.0f} s; it is in the log")


async def print_outcome(bus: Bus, view: TaskView, *, as_json: bool, out_file: Path | None = None) -> Exit:
    """Print what a task came to, write its report to a file, and return the exit code.

    Raises BadInput when the file cannot be written; the result has been printed by then.
    """
    result = await read_result(bus, view)
    steps = next_steps(view, await _used(bus, view))
    print_result(result, as_json=as_json, next_steps=steps)
    for line in steps:
        say(line)
    if out_file is not None:
        await asyncio.to_thread(_write, out_file, result)
    if view.waits_for and not view.is_quiet:
        return Exit.WAITING
    return of_status(view.status, view.parked_kind)


def _write(out_file: Path, result: TaskResult) -> None:
    try:
        out_file.write_text(result.report, "utf-8")
    except OSError as error:
        raise BadInput(
            f"the report cannot be written to {out_file} ({error.strerror}); "
            f"the log keeps it: interlock result {result.task}, where an environment runs"
        ) from error
    say(f"the report is in {out_file}")


async def _used(bus: Bus, view: TaskView) -> int | None:
    """Return what counts against the shared limit that a task lacks: only the whole log tells."""
    if view.status != "parked" or view.lack is None or is_own(view.lack):
        return None
    book = await read_book(bus)
    return used(book.shared(view.lack.scope), view.lack, max(now_ms(), book.latest_ms))


def next_steps(view: TaskView, shared_use: int | None = None) -> list[str]:
    """Return what a person can do now about a task that waits.

    `shared_use` is what counts against the shared limit that it lacks, where there is one.
    """
    lines = [
        f"it waits for people, {asked.number}: {visible(asked.summary)}\n  {to_do(asked)}"
        for asked in view.waits_for
        if asked.said.kind != "budget"
    ]
    if view.status == "parked" and view.lack is not None:
        by_itself = " it goes on by itself when a new day begins (UTC);" if view.lack.day else ""
        command = remedy(view.task, view.lack, shared_use)
        lines.append(f"its work is kept;{by_itself} to go on now, where an environment runs: {command}")
    elif view.status == "parked" and view.parked_kind == "budget":
        lines.append(f"its work is kept; to go on: interlock budget raise {view.task} --usd 0.50")
    elif view.status == "parked" and not lines:
        lines.append(
            f"it waits for a person: interlock resume task {view.task}, or interlock kill task {view.task}"
        )
    return lines
