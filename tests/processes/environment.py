"""A whole environment of real processes, started as `interlock up` does, and the means to strike at it."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, TypeVar

import psutil

from interlock.bus.identity import load
from interlock.bus.nats_bus import NatsBus, connect
from interlock.bus.ports import Ack, Record, Subscription
from interlock.console.follow import read_task
from interlock.console.local import Local, Wish, held, started
from interlock.console.outcome import read_result
from interlock.console.processes import SERVICES, Service
from interlock.console.sayings import control, submit
from interlock.console.state import StateFolder
from interlock.console.views import TaskView
from interlock.contracts import facts as f
from interlock.contracts.decision import Decision
from interlock.contracts.message import decode
from interlock.contracts.results import TaskResult
from interlock.contracts.scope import FLEET, task_scope
from interlock.contracts.subjects import decision_subject, input_subject
from interlock.contracts.task import Submit

PATIENCE_S = 30.0
PERSON = "alice"
ENDS = (f.Completed, f.Failed, f.Halted, f.Rejected)

F = TypeVar("F", bound=f.Fact)


class Story:
    """What was and will be decided about one task (0: the fleet), as facts in order."""

    def __init__(self, task: int) -> None:
        self.task = task
        self.facts: list[f.Fact] = []
        self.last_seq = 0
        self._changed = asyncio.Condition()
        self.subscription: Subscription | None = None

    async def on_record(self, record: Record) -> None:
        assert record.seq > self.last_seq, "a record was delivered twice or out of order"
        self.last_seq = record.seq
        async with self._changed:
            self.facts += decode(Decision, record.data).facts
            self._changed.notify_all()

    def all(self, kind: type[F], /, **fields: Any) -> list[F]:
        """Return the facts of a kind with these fields, so far."""
        return [fact for fact in self.facts if isinstance(fact, kind) and _has(fact, fields)]

    async def first(self, kind: type[F], /, *, times: int = 1, **fields: Any) -> F:
        """Wait until such a fact was decided so often, and return the latest of those."""
        try:
            async with asyncio.timeout(PATIENCE_S), self._changed:
                await self._changed.wait_for(lambda: len(self.all(kind, **fields)) >= times)
        except TimeoutError:
            raise AssertionError(
                f"task {self.task}: no {kind.__name__} {fields} among {self.facts}"
            ) from None
        return self.all(kind, **fields)[times - 1]

    async def more(self) -> None:
        """Wait until something more is decided."""
        async with self._changed:
            await self._changed.wait()

    async def end(self) -> f.Fact:
        """Wait for the end of the task."""
        try:
            async with asyncio.timeout(PATIENCE_S), self._changed:
                await self._changed.wait_for(lambda: any(isinstance(fact, ENDS) for fact in self.facts))
        except TimeoutError:
            raise AssertionError(f"task {self.task} does not end: {self.facts}") from None
        return next(fact for fact in self.facts if isinstance(fact, ENDS))

    async def completed(self) -> f.Completed:
        """Wait until the task is completed."""
        end = await self.end()
        assert isinstance(end, f.Completed), end
        return end


class Environment:
    """An environment that runs, with a person's connection to it."""

    def __init__(self, local: Local, bus: NatsBus, docs: Path) -> None:
        self.local = local
        self.bus = bus
        self.docs = docs
        self._stories: list[Story] = []
        self._others: list[NatsBus] = []

    async def submit(self, goal: str = "What colour is the lamp?", **fields: Any) -> Story:
        """Hand in a task and follow it."""
        order: dict[str, Any] = {"goal": goal, "docs": str(self.docs)} | fields
        task = await submit(self.bus, Submit(**order))
        return await self.story(task)

    async def story(self, task: int) -> Story:
        """Follow a task (0: the fleet) from its beginning."""
        story = Story(task)
        story.subscription = await self.bus.follow(
            [decision_subject(task)], story.on_record, start_seq=task or 1
        )
        self._stories.append(story)
        return story

    async def say(self, data: bytes, kind: str, verb: str, *rest: str | int) -> Ack:
        """Append anything as the person."""
        return await self.bus.append(input_subject(PERSON, kind, verb, *rest), data)

    async def control(self, verb: str, task: int = 0) -> int:
        """Pause, drain, kill or resume a task, or (0) the fleet."""
        return await control(self.bus, verb, task_scope(task) if task else FLEET, "the test says so")

    async def view(self, task: int) -> TaskView:
        """Return a task as it stands."""
        return await read_task(self.bus, task)

    async def result(self, task: int) -> TaskResult:
        """Return what a task came to."""
        return await read_result(self.bus, await self.view(task))

    async def speak_as(self, principal: str) -> NatsBus:
        """Return a connection under the name, and with the key, of one of the processes."""
        key = load(self.local.state.key_file(principal)).seed
        bus = await connect(self.local.note.url, principal, key=key)
        self._others.append(bus)
        return bus

    def pid(self, name: str) -> int:
        """Return the process that has a name now."""
        return self._pids[name]

    @property
    def _pids(self) -> dict[str, int]:
        return {"nats-server": self.local.server.pid} | self.local.launcher.pids

    def strike(self, *names: str, number: int = signal.SIGKILL) -> None:
        """Send a signal to processes, all at once."""
        for pid in [self.pid(name) for name in names]:
            os.kill(pid, number)

    async def another(self, name: str, old_pid: int) -> None:
        """Wait until a process has been started again."""
        async with asyncio.timeout(PATIENCE_S):
            while self._pids.get(name, old_pid) == old_pid:  # noqa: ASYNC110 - nobody announces it
                await asyncio.sleep(0)

    async def close(self) -> None:
        for story in self._stories:
            if story.subscription is not None:
                await story.subscription.stop()
        for bus in self._others:
            await bus.close()


@contextlib.asynccontextmanager
async def running(
    state: Path, docs: Path, model: str, *further: Service, **variables: str
) -> AsyncGenerator[Environment]:
    """Start an environment as `interlock up` does, with further processes; see that nothing stays behind."""
    before = set(psutil.Process().children(recursive=True))
    channels = Path(variables["INTERLOCK_NOTIFY"]) if "INTERLOCK_NOTIFY" in variables else None
    wish = Wish(docs=(docs,), model=model, person=PERSON, channels=channels)
    services = (*SERVICES, *further)
    with held(StateFolder(state)) as folder:
        async with started(folder, wish, dict(os.environ) | variables, services) as local:
            bus = await connect(local.note.url, PERSON, key=load(folder.key_file(PERSON)).seed)
            environment = Environment(local, bus, docs)
            try:
                yield environment
            finally:
                await environment.close()
                await bus.close()
    assert set(psutil.Process().children(recursive=True)) <= before


def _has(fact: f.Fact, fields: dict[str, Any]) -> bool:
    return all(getattr(fact, name) == value for name, value in fields.items())
