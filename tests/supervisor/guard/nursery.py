"""A real guard with small real children, and the means to hear what it says and to speak on its bus."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import psutil

from interlock.bus import jetstream
from interlock.bus.nats_bus import NatsBus
from interlock.bus.stream import StreamSettings, ensure_stream
from interlock.contracts import facts as f
from interlock.contracts.charter import Charter
from interlock.contracts.control import Control
from interlock.contracts.decision import Decision
from interlock.contracts.inputs import Input, read_record
from interlock.contracts.message import encode
from interlock.contracts.observed import ProcessExited
from interlock.contracts.scope import FLEET, Scope
from interlock.contracts.subjects import FLEET_DECISIONS, STREAM, input_subject
from interlock.supervisor.guard import voice
from interlock.supervisor.guard.intensity import Intensity
from interlock.supervisor.guard.plan import Child, Plan

PATIENCE_S = 20.0
NOWHERE = "nats://127.0.0.1:1"
GUARD = "guard-1"
SLEEPER = "import signal; signal.pause()"
CHARTER = Charter(role="planner", version="1", objective="plan")
BUSY = "while True: pass"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); signal.pause()"

E = TypeVar("E", bound=voice.Event)


class Guarded:
    """One guard that runs, and what it has told so far."""

    def __init__(self, process: asyncio.subprocess.Process, folder: Path) -> None:
        self.process = process
        self.folder = folder
        self.told: list[voice.Event] = []
        self._more = asyncio.Condition()
        self._hearing = asyncio.create_task(self._hear())

    @property
    def pids(self) -> dict[str, int]:
        """The process of each child that runs now."""
        found: dict[str, int] = {}
        for event in self.told:
            if isinstance(event, voice.Started):
                found[event.name] = event.pid
            elif isinstance(event, voice.Exited) and found.get(event.name) == event.pid:
                del found[event.name]
        return found

    def all(self, kind: type[E], name: str = "") -> list[E]:
        """Return what was told of that kind (about that child)."""
        return [
            event
            for event in self.told
            if isinstance(event, kind) and name in {"", getattr(event, "name", "")}
        ]

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until what was told makes something true."""
        try:
            async with asyncio.timeout(PATIENCE_S), self._more:
                await self._more.wait_for(condition)
        except TimeoutError:
            raise AssertionError(f"{self.told} {self.said()}") from None

    async def tells(self, kind: type[E], name: str = "", *, times: int = 1) -> E:
        """Wait until it has told so many events of a kind, and return the last of them."""
        await self.until(lambda: len(self.all(kind, name)) >= times)
        return self.all(kind, name)[times - 1]

    async def up(self) -> voice.Up:
        """Wait until all are started."""
        return await self.tells(voice.Up)

    def log(self, name: str) -> str:
        """Return what a child has said."""
        path = self.folder / f"{name}.log"
        return path.read_text() if path.exists() else ""

    async def says(self, name: str, words: str = "\n") -> str:
        """Wait until a child has said something, and return all of it."""
        async with asyncio.timeout(PATIENCE_S):
            while words not in self.log(name):
                await asyncio.to_thread(os.sched_yield)
        return self.log(name)

    def said(self) -> str:
        """Return the guard's own log."""
        return (self.folder / "guard.log").read_text()

    async def end(self, number: int = signal.SIGTERM) -> int:
        """Send the guard a signal and wait for its end."""
        if self.process.returncode is None:
            self.process.send_signal(number)
        return await self.ended()

    async def ended(self) -> int:
        async with asyncio.timeout(PATIENCE_S):
            code = await self.process.wait()
            await self._hearing
        return code

    async def _hear(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            async with self._more:
                self.told.append(voice.read_event(line))
                self._more.notify_all()


class Nursery:
    """Starts guards in one folder; `url` is where they find the bus."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.url = url
        self.running: list[Guarded] = []

    def child(self, name: str, code: str = SLEEPER, *, role: Any = "effects", **fields: Any) -> Child:
        """Return a child that runs some Python."""
        return Child(
            name=name,
            role=role,
            command=(sys.executable, "-c", code),
            environment={"MARK": name, "PATH": os.environ["PATH"]},
            log=str(self.folder / f"{name}.log"),
            **fields,
        )

    def agent(self, name: str, code: str = SLEEPER, **fields: Any) -> Child:
        """Return an agent whose charter's role is its name without its number."""
        return self.child(name, code, role="agent", charter=name.rpartition("-")[0], **fields)

    async def start(
        self, *children: Child, restarts: int = 5, wrap: tuple[str, ...] = (), principal: str = GUARD
    ) -> Guarded:
        """Start a guard of these children."""
        plan = self.folder / "plan.json"
        plan.write_bytes(
            msgspec.json.encode(Plan(children=children, intensity=Intensity(restarts=restarts, period_s=60)))
        )
        with (self.folder / "guard.log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *wrap,
                sys.executable,
                "-P",
                "-m",
                "interlock.supervisor.guard",
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                env={
                    "INTERLOCK_GUARD_PLAN": str(plan),
                    "INTERLOCK_URL": self.url,
                    "INTERLOCK_PRINCIPAL": principal,
                    "INTERLOCK_LOG": "json",
                    "PATH": os.environ["PATH"],
                },
            )
        self.running.append(Guarded(process, self.folder))
        return self.running[-1]

    async def close(self) -> None:
        for guarded in self.running:
            await guarded.end()


class Office:
    """Those who speak on the guard's bus: an operator, and whoever decides."""

    def __init__(self, operator: NatsBus, supervisor: NatsBus) -> None:
        self.operator = operator
        self.supervisor = supervisor
        self.inputs: list[Input] = []
        self._more = asyncio.Condition()

    async def listen(self) -> None:
        await self.supervisor.listen(f"interlock.in.{GUARD}.guard.>", self._on_message)

    async def _on_message(self, message: Any) -> None:
        async with self._more:
            self.inputs.append(read_record(0, 0, message.subject, message.data))
            self._more.notify_all()

    async def said(self, verb: str, *, times: int = 1) -> Input:
        """Wait until the guard has said something so often."""
        async with asyncio.timeout(PATIENCE_S), self._more:
            await self._more.wait_for(lambda: len(self.all(verb)) >= times)
        return self.all(verb)[times - 1]

    def all(self, verb: str) -> list[Input]:
        return [said for said in self.inputs if said.verb == verb]

    async def exited(self, name: str, *, times: int = 1) -> ProcessExited:
        """Wait until the guard has said so often that a child has ended."""

        def of_it() -> list[ProcessExited]:
            bodies = [said.body for said in self.all("exited")]
            return [body for body in bodies if isinstance(body, ProcessExited) and body.principal == name]

        async with asyncio.timeout(PATIENCE_S), self._more:
            await self._more.wait_for(lambda: len(of_it()) >= times)
        return of_it()[times - 1]

    async def control(self, verb: str, scope: Scope = FLEET, reason: str = "the test says so") -> int:
        """Say something on the log, as operators do; return its record."""
        subject = input_subject("alice", "control", verb, *scope.words)
        return (await self.operator.append(subject, encode(Control(reason=reason)))).seq

    async def stored(self, verb: str) -> None:
        """Wait until the log holds what the guard has said."""
        found = asyncio.Event()
        subject = f"interlock.in.{GUARD}.guard.{verb}"
        reading = await self.supervisor.follow([subject], lambda _record: found.set())
        async with asyncio.timeout(PATIENCE_S):
            await found.wait()
        await reading.stop()

    async def burn(self) -> None:
        """Let there be no log."""
        with suppress(jetstream.Refusal):
            await jetstream.call(self.supervisor.requests, f"STREAM.DELETE.{STREAM}", b"", dict[str, Any])

    async def make(self) -> None:
        """Let there be one, empty if there was none; the server may still be clearing away the one before."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                with suppress(jetstream.Refusal):
                    return await ensure_stream(self.supervisor, StreamSettings())

    async def fill(self) -> None:
        """Let the log take nothing more."""
        await ensure_stream(self.supervisor, StreamSettings(max_bytes=1))

    async def decide(self, *facts: f.AnyFact, cause: int = 0) -> int:
        """Decide something about the fleet; return its record."""
        decision = Decision(task=0, cause=cause, at_ms=1, by="supervisor-1", facts=facts)
        return (await self.supervisor.append(FLEET_DECISIONS, encode(decision))).seq


def switched(scope: Scope, state: f.SwitchState, *, cause: int = 0) -> f.AnyFact:
    """Return the fact about a switch."""
    if scope.kind == "fleet":
        return f.FleetSwitched(at_ms=1, state=state, by="alice", input=cause)
    return f.Switched(at_ms=1, scope=scope, state=state, by="alice", input=cause)


def agent_scope(name: str) -> Scope:
    return Scope(kind="agent", name=name)


def alive(pid: int) -> bool:
    """Tell whether a process lives; one that has ended and is not buried does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def gone(*pids: int) -> None:
    """Wait until these have ended."""
    async with asyncio.timeout(PATIENCE_S):
        while any(alive(pid) for pid in pids):
            await asyncio.to_thread(os.sched_yield)
