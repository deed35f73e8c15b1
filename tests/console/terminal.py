"""A terminal beside a log in memory: commands run as a person types them, and a script decides about them."""

from collections.abc import Callable

import pytest

from interlock.bus.memory import MemoryServer
from interlock.bus.memory_bus import MemoryBus
from interlock.bus.ports import Message, Record
from interlock.bus.process import Settings
from interlock.console import environment, main
from interlock.contracts import facts as f
from interlock.contracts.control import Control
from interlock.contracts.decision import Decision
from interlock.contracts.inputs import Input, read_record
from interlock.contracts.message import Message as Said
from interlock.contracts.message import encode
from interlock.contracts.subjects import INPUTS, decision_subject, input_subject
from interlock.contracts.task import Submit

BEGAN_MS = 1_764_000_000_000

Answer = Callable[[Input], list[tuple[int, tuple[f.AnyFact, ...]]]]


class Terminal:
    """One log, one person, and a supervisor that says what the test lets it say about each input.

    Every look at the clock takes one millisecond.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._now_ms = BEGAN_MS
        self.server = MemoryServer(self._tick)
        self.answer: Answer = lambda _: []
        monkeypatch.setattr(environment, "open_bus", self._open_bus)

    def type(self, *words: str) -> int:
        """Run a command as alice and return its exit code."""
        return main.call([*words, "--url", "nats://memory", "--as", "alice"])

    def say(self, principal: str, kind: str, verb: str, body: Said, *rest: str | int) -> int:
        """Let somebody say something on the log."""
        return self._append(input_subject(principal, kind, verb, *rest), encode(body))

    def submit(self) -> int:
        """Hand in a task."""
        return self.say("alice", "task", "submit", Submit(goal="find out"))

    def kill(self, *scope: str | int) -> int:
        """Say a kill."""
        return self.say("alice", "control", "kill", Control(reason="enough"), *scope)

    def decide(self, task: int, *facts: f.AnyFact, cause: int = 0) -> int:
        """Let something be decided about a task (0: the fleet)."""
        decision = Decision(
            task=task, cause=cause or task, at_ms=self._now_ms, by="supervisor-1", facts=facts
        )
        return self._append(decision_subject(task), encode(decision))

    def subjects(self) -> list[str]:
        """Return the subjects of all that was stored."""
        return [record.subject for record in self.server.records]

    def _tick(self) -> int:
        self._now_ms += 1
        return self._now_ms

    def _append(self, subject: str, data: bytes) -> int:
        return self.server.append(Message(subject, data), None, "").seq

    async def _open_bus(self, settings: Settings, **_more: object) -> MemoryBus:
        known = len(self.server.records)
        supervisor = MemoryBus(self.server, "supervisor-1")
        await supervisor.follow([INPUTS], self._hear, start_seq=known + 1)
        return _Visit(self.server, settings.principal, supervisor)

    def _hear(self, record: Record) -> None:
        heard = read_record(record.seq, record.time_ms, record.subject, record.data)
        for task, facts in self.answer(heard):
            self.decide(task, *facts, cause=record.seq)


class _Visit(MemoryBus):
    """A person's connection, with which the supervisor leaves too."""

    def __init__(self, server: MemoryServer, principal: str, supervisor: MemoryBus) -> None:
        super().__init__(server, principal)
        self._supervisor = supervisor

    async def close(self) -> None:
        await self._supervisor.close()
        await super().close()
