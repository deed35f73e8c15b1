"""Interlock under the load: an environment of its own with keys and permissions, and the door to it.

Every process is separate and kept by a guard, the log is a file. Knows how tasks are handed in, not how they
are measured.
"""

import asyncio
import os
import re
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import limiting
from bench.agents import LIMITED
from bench.job import GOAL, PARTS
from bench.measure import Contender, System, contender
from bench.processes import Processes
from bench.verification import verify

from interlock.bus import server
from interlock.bus.identity import load
from interlock.bus.nats_bus import NatsBus, connect
from interlock.bus.ports import Message
from interlock.console.keyring import admit_all
from interlock.console.last_words import last_words
from interlock.console.launcher import Launcher
from interlock.console.local import joined
from interlock.console.processes import SERVICES, Plan, Service, children, guard
from interlock.console.state import StateFolder
from interlock.contracts.message import encode
from interlock.contracts.subjects import ROOT, decided_task, input_subject
from interlock.contracts.task import Submit

NAME = "interlock"
TASKS = {1: 300, 32: 1500, 256: 1536}
EFFECTS_PER_TASK = PARTS + 3
DRIVER = "driver"
AGENTS = {f"{role}-1": role for role in ("planner", "researcher", "executor", "reviewer")}
GOVERNORS = tuple(service for service in SERVICES if service.role != "agent")
MODEL = "instant/echo"
START_LIMIT_S = 20.0
REPOSITORY = Path(__file__).parent.parent

Module = tuple[str, ...]
"""A module to be run, with its arguments."""

_END = re.compile(rb'"fact":"(completed|failed|halted|parked|rejected)"')


class TaskNotDone(Exception):
    """A task ended otherwise than it should; the sentence holds the decision."""


class Door:
    """Hands tasks in as a person and waits for the decisions that end them."""

    def __init__(self, bus: NatsBus) -> None:
        self.submitted: list[int] = []
        self._bus = bus
        self._subject = input_subject(bus.principal, "task", "submit")
        self._awaited: dict[int, asyncio.Future[None]] = {}

    async def start(self) -> None:
        """Listen for decisions."""
        await self._bus.listen(f"{ROOT}.decision.*", self._decided)

    async def submit(self, _name: str) -> None:
        """Hand one task in and return when it is completed; raise TaskNotDone."""
        ack = await self._bus.append(self._subject, encode(Submit(goal=GOAL)))
        self.submitted.append(ack.seq)
        await self._end(ack.seq)
        del self._awaited[ack.seq]

    def _end(self, task: int) -> asyncio.Future[None]:
        """Return the end of a task, which may be known before the submission's acknowledgement."""
        if task not in self._awaited:
            self._awaited[task] = asyncio.get_running_loop().create_future()
        return self._awaited[task]

    async def _decided(self, message: Message) -> None:
        ended = _END.search(message.data)
        if ended is None:
            return
        end = self._end(decided_task(message.subject))
        if ended[1] == b"completed":
            end.set_result(None)
        else:
            end.set_exception(TaskNotDone(message.data.decode()))


@asynccontextmanager
async def governed(*, limited: bool = False) -> AsyncGenerator[Contender]:
    """Run Interlock; when it is over, raise TaskNotDone unless every task was really done."""
    options = (LIMITED,) if limited else ()
    modules = {principal: ("bench.agents", role, *options) for principal, role in AGENTS.items()}
    async with environment(modules) as (bus, parts):
        for scope in limiting.SCOPES if limited else ():
            subject = input_subject(bus.principal, "control", "limit", *scope)
            await bus.append(subject, encode(limiting.SHARED))
        door = Door(bus)
        await door.start()
        setting = "file, sync 100 ms, keys and permissions"
        yield contender(System(NAME, setting, door.submit, parts), TASKS)
        await verify(bus, door.submitted, EFFECTS_PER_TASK)


@asynccontextmanager
async def environment(agents: Mapping[str, Module]) -> AsyncGenerator[tuple[NatsBus, Processes]]:
    """Run Interlock with these agents, by principal; give the driver's connection, and all processes."""
    services = (*GOVERNORS, *(_agent(principal, module) for principal, module in agents.items()))
    with TemporaryDirectory(prefix="interlock-bench-") as name:
        state = StateFolder(Path(name))
        state.make()
        keys = admit_all(state, ((service.name, service.role) for service in services), DRIVER)
        running = server.start(state.store)
        plan = Plan(state=state, url=running.url, docs=(), model=MODEL, keys=keys)
        launcher = Launcher(guard(plan, os.environ), children(plan, os.environ, services))
        try:
            await launcher.start()
            async with _connected(running.url, state.key_file(DRIVER), launcher) as bus:
                yield bus, {"server": running.pid, DRIVER: os.getpid(), **launcher.pids}
        except BaseException:
            for service in services:
                print(last_words(service.name, state.log_of(service.name)), file=sys.stderr)
            raise
        finally:
            await launcher.stop()
            running.stop()


def _agent(principal: str, module: Module) -> Service:
    knows = {"PYTHONPATH": str(REPOSITORY)}
    return Service(principal, "agent", module, 3, charter=principal.rpartition("-")[0], knows=knows)


@asynccontextmanager
async def _connected(url: str, key: Path, launcher: Launcher) -> AsyncGenerator[NatsBus]:
    bus = await connect(url, DRIVER, key=load(key).seed)
    await launcher.ready(lambda names: joined(bus, names), timeout_s=START_LIMIT_S)
    yield bus
    await bus.close()
