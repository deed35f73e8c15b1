"""Follows one task: its decisions from the first on, then as they come, and what its steps show meanwhile.

It folds and hands on; how that looks is for the watcher, when to stop for the caller.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from typing import Protocol

from interlock.bus.ports import Bus, Message, Record
from interlock.console.errors import BadInput
from interlock.console.projection import fold
from interlock.console.views import TaskView
from interlock.contracts.decision import Decision
from interlock.contracts.errors import ContractError
from interlock.contracts.message import decode
from interlock.contracts.step import Progress
from interlock.contracts.subjects import decision_subject, live_subject, read_input
from interlock.contracts.task import Submit

_STEP = live_subject(0, "step", "principal").split(".").index("step")


class Watcher(Protocol):
    """Whoever shows a task."""

    def on_decision(self, view: TaskView, decision: Decision) -> None:
        """Show a decision; `view` holds it already."""
        ...

    def on_progress(self, view: TaskView, step: str, progress: Progress) -> None:
        """Show what a step says of itself."""
        ...


class Followed:
    """A task that is being followed: its view, and a way to wait for it.

    `known_seq` is the last decision that stood in the log when the following began: what was so before it,
    a park or a question, may long be over.
    """

    def __init__(self, task: int, watcher: Watcher, known_seq: int) -> None:
        self.view = TaskView(task=task)
        self._watcher = watcher
        self._known_seq = known_seq
        self._last_seq = 0
        self._changed = asyncio.Event()
        self._unreadable: ContractError | None = None

    async def on_record(self, record: Record) -> None:
        """Fold one decision; a record that came before is passed over."""
        if record.seq <= self._last_seq:
            return
        self._last_seq = record.seq
        try:
            decision = decode(Decision, record.data)
        except ContractError as error:
            self._unreadable = error
        else:
            fold(self.view, decision)
            self._watcher.on_decision(self.view, decision)
        self._changed.set()

    async def on_message(self, message: Message) -> None:
        """Show a step's progress; what cannot be read is passed over, for it may be anything."""
        with contextlib.suppress(ContractError):
            progress = decode(Progress, message.data)
            step = message.subject.split(".")[_STEP]
            if step in self.view.steps:
                if not progress.tokens:
                    self.view.steps[step].doing = progress.text
                self._watcher.on_progress(self.view, step, progress)

    async def quiet(self, *, until_asked: bool = False) -> TaskView:
        """Wait until nothing more happens by itself: the end, a park, or (`until_asked`) a question.

        Raises ContractError when a decision cannot be read.
        """
        while self._unreadable is None:
            if self._is_quiet(until_asked=until_asked):
                return self.view
            self._changed.clear()
            await self._changed.wait()
        raise self._unreadable

    def _is_quiet(self, *, until_asked: bool) -> bool:
        if self._last_seq < self._known_seq:
            return False
        # Nothing waits for what is planted: whoever follows does not stop for it either.
        stands = any(asked.said.blocks for asked in self.view.waits_for)
        return self.view.is_quiet or (until_asked and stands)


@contextlib.asynccontextmanager
async def following(bus: Bus, task: int, watcher: Watcher) -> AsyncGenerator[Followed]:
    """Follow a task as long as the context is open."""
    last = await bus.last(decision_subject(task))
    followed = Followed(task, watcher, last.seq if last else 0)
    live = await bus.listen(live_subject(task, "*", "*"), followed.on_message)
    try:
        decisions = await bus.follow([decision_subject(task)], followed.on_record, start_seq=task)
        try:
            yield followed
        finally:
            await decisions.stop()
    finally:
        await live.stop()


async def read_task(bus: Bus, task: int) -> TaskView:
    """Read a task as it stands; raises BadInput when the number names no task."""
    await require_task(bus, task)
    view = TaskView(task=task)
    async for record in bus.history([decision_subject(task)], start_seq=task):
        fold(view, decode(Decision, record.data))
    return view


async def require_task(bus: Bus, task: int) -> Submit | None:
    """Return a task's submission (None: it cannot be read); raises BadInput if the number names none."""
    record = await bus.record(task)
    if record is None:
        raise BadInput(f"there is no record {task}; the log ends at {await bus.last_seq()}")
    try:
        where = read_input(record.subject)
    except ContractError:
        where = None
    if where is None or (where.kind, where.verb) != ("task", "submit"):
        raise BadInput(f"record {task} is not a task but {record.subject}; interlock tasks lists the tasks")
    try:
        return decode(Submit, record.data)
    except ContractError:
        return None
