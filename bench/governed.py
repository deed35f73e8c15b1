"""Interlock under the load: an environment of its own with keys and permissions, and the door to it.

Every process is separate, the log is a file. Knows how tasks are handed in, not how they are measured.
"""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from os import getpid
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
from interlock.bus.principals import Principals
from interlock.bus.stream import ensure_stream
from interlock.console.local import joined
from interlock.contracts.message import encode
from interlock.contracts.subjects import ROOT, decided_task, input_subject
from interlock.contracts.task import Submit

NAME = "interlock"
TASKS = {1: 300, 32: 1500, 256: 1536}
EFFECTS_PER_TASK = PARTS + 3
DRIVER, SUPERVISOR, WORKER = "driver", "supervisor-1", "effects-1"
AGENTS = {f"{role}-1": role for role in ("planner", "researcher", "executor", "reviewer")}
SERVICES = {SUPERVISOR: ("interlock.supervisor",), WORKER: ("interlock.effects",)}
START_LIMIT_S = 20.0
STOP_LIMIT_S = 10.0
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
    modules = {**SERVICES, **agents}
    with TemporaryDirectory(prefix="interlock-bench-") as name:
        state = Path(name)
        principals = Principals(state)
        roles = dict.fromkeys(agents, "agent") | {
            DRIVER: "admin",
            SUPERVISOR: "supervisor",
            WORKER: "effects",
        }
        keys = {principal: principals.admit(principal, [role]) for principal, role in roles.items()}
        running = server.start(state)
        try:
            await _make_log(running.url, keys[SUPERVISOR])
            with _started(modules, state, running.url, keys) as processes:
                async with _connected(running.url, keys[DRIVER], frozenset({WORKER, *agents})) as bus:
                    yield bus, {"server": running.pid, DRIVER: getpid(), **processes}
        finally:
            running.stop()


async def _make_log(url: str, key: Path) -> None:
    bus = await connect(url, SUPERVISOR, key=load(key).seed)
    await ensure_stream(bus)
    await bus.close()


@asynccontextmanager
async def _connected(url: str, key: Path, others: frozenset[str]) -> AsyncGenerator[NatsBus]:
    bus = await connect(url, DRIVER, key=load(key).seed)
    async with asyncio.timeout(START_LIMIT_S):
        await joined(bus, others)
    yield bus
    await bus.close()


@contextmanager
def _started(
    modules: Mapping[str, Module], state: Path, url: str, keys: Mapping[str, Path]
) -> Generator[dict[str, int]]:
    running: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for principal, module in modules.items():
            running[principal] = _start(principal, module, state, url, keys[principal])
        yield {principal: process.pid for principal, process in running.items()}
    except BaseException:
        for principal in running:
            print(f"{principal} said last: {_log(state, principal).read_text()[-2000:]}", file=sys.stderr)
        raise
    finally:
        for process in reversed(running.values()):
            process.terminate()
        for process in running.values():
            process.wait(STOP_LIMIT_S)


def _start(principal: str, module: Module, state: Path, url: str, key: Path) -> subprocess.Popen[bytes]:
    environment = {
        "INTERLOCK_URL": url,
        "INTERLOCK_PRINCIPAL": principal,
        "INTERLOCK_KEY_FILE": str(key),
        "INTERLOCK_PARENT": str(getpid()),
        "INTERLOCK_LOG": "json",
        "INTERLOCK_MODEL": "instant/echo",
        "INTERLOCK_WORKSPACES": str(state / "workspaces"),
        "INTERLOCK_CACHE": str(state / "cache"),
    }
    with _log(state, principal).open("wb") as log:
        return subprocess.Popen(
            (sys.executable, "-m", *module),
            cwd=REPOSITORY,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )


def _log(state: Path, principal: str) -> Path:
    return state / f"{principal}.log"
