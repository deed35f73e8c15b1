"""One environment of dummies that are killed: brings them into position, and strikes.

What is killed in which order, the cases say.
"""

import asyncio
import os
import signal
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from itertools import count

import msgspec
from bench.kill import agents as dummies
from bench.kill.fence import Command
from bench.kill.news import News
from bench.kill.sight import Sight
from bench.kill.stage import SUPERVISOR, Cast, Stage, agent, stage

from interlock.bus.clock import now_us
from interlock.console.sayings import control, submit
from interlock.contracts.budget import MOST, Budget
from interlock.contracts.control import Control
from interlock.contracts.message import encode
from interlock.contracts.plan import Plan, PlannedStep
from interlock.contracts.scope import Scope
from interlock.contracts.subjects import input_subject
from interlock.contracts.task import Submit

STEP = "work"
AMPLE = Budget(model_calls=MOST, tokens=MOST)
SPIN_NS = 3_000_000
LOOK_S = 0.001


class Struck(msgspec.Struct, frozen=True):
    """One kill: its record, when it was published, and when its calls were closed."""

    kill: int
    published_us: int
    closed_us: tuple[int, ...]

    def after_ms(self, at_us: int) -> float:
        """Return how long after the publish something was."""
        return (at_us - self.published_us) / 1_000


class Scene:
    """The environment, what is seen of it, and the commands that were given there."""

    def __init__(self, here: Stage, sight: Sight, names: Sequence[str]) -> None:
        self.here = here
        self.sight = sight
        self.names = tuple(names)
        self.news = News()
        self.commands: list[Command] = []
        self.tenants: dict[int, str] = {}
        self._rounds = count(1)
        self._pids: dict[str, int] = {}

    async def start(self) -> None:
        """Hear the news, and watch all agents."""
        await self.news.start(self.here.bus)
        await self.news.joined(self.names, 0)
        self._watch(self.names)

    async def busy(self, manner: dummies.Manner, tasks: int) -> str:
        """Hand in so many tasks, and wait until all are at work, everybody at one; return their tenant."""
        tenant = f"round-{next(self._rounds)}"
        plan = Plan(steps=(PlannedStep(id=STEP, role=dummies.ROLE, input={"manner": manner}),))
        order = Submit(goal="Be at work.", plan=plan, review=False, tenant=tenant, budget=AMPLE)
        for task in await asyncio.gather(*(submit(self.here.bus, order) for _ in range(tasks))):
            self.tenants[task] = tenant

        def at_work() -> bool:
            calls = self.sight.open_calls()
            return len(calls) == len(self.names) and sum(map(len, calls.values())) == tasks

        await self.sight.until(f"{tasks} calls in flight, of everybody", at_work)
        return tenant

    def task_of(self, name: str) -> int:
        """Return the task at which an agent is."""
        return self.sight.open_calls()[name][0].task

    async def hang(self, name: str) -> None:
        """Let an agent spin, and wait until it does."""
        pid = self._pids[name]
        before_ns = _cpu_ns(pid)
        os.kill(pid, dummies.HANG)
        while _cpu_ns(pid) < before_ns + SPIN_NS:  # noqa: ASYNC110 - nobody announces it
            await asyncio.sleep(LOOK_S)

    def freeze(self, number: signal.Signals) -> None:
        """Stop the supervisor, or let it go on."""
        os.kill(self.here.pid(SUPERVISOR), number)

    async def strike(self, scope: Scope, victims: Sequence[str]) -> Struck:
        """Kill, and wait until the calls of the victims have closed."""
        open_calls = self.sight.open_calls()
        calls = [call for name in victims for call in open_calls[name]]
        for name in victims:
            self.news.cut_us.pop(name, None)
        bus = self.here.bus
        subject = input_subject(bus.principal, "control", "kill", *scope.words)
        data = encode(Control(reason="a benchmark"))
        published_us = now_us()
        ack = await bus.append_soon(subject, data)
        self.commands.append(Command(ack.seq, scope))
        await self.sight.closed(calls)
        return Struck(ack.seq, published_us, tuple(call.closed_us for call in calls))

    async def gone(self, names: Sequence[str]) -> list[int]:
        """Wait until the processes of these have ended; return when."""
        pids = [self._pids[name] for name in names]
        await self.sight.ended(pids)
        return [self.sight.ended_us[pid] for pid in pids]

    async def release(self, scopes: Sequence[Scope]) -> None:
        """Let everybody in these scopes run again, and wait until all do."""
        first = 0
        for scope in scopes:
            seq = await control(self.here.bus, "resume", scope, "a benchmark")
            first = first or seq
            for command in self.commands:
                if command.scope == scope and not command.until_seq:
                    command.until_seq = seq
        await self.back(self.names, first)

    async def back(self, names: Sequence[str], after_seq: int) -> None:
        """Wait until these have joined again, after that record."""
        await self.news.joined(names, after_seq)
        self._watch(names)

    async def say_kill(self, scope: Scope) -> int:
        """Kill, and wait for nothing; return the record."""
        seq = await control(self.here.bus, "kill", scope, "a benchmark")
        self.commands.append(Command(seq, scope))
        return seq

    def _watch(self, names: Sequence[str]) -> None:
        for name in names:
            self._pids[name] = self.here.pid(name)
            self.sight.watch(self._pids[name])


@asynccontextmanager
async def scene(sight: Sight, *, agents: int, capacity: int, workers: int) -> AsyncGenerator[Scene]:
    """Start an environment with so many agents, each of which takes so many steps, and effect workers."""
    names = [f"{dummies.ROLE}-{number}" for number in range(1, agents + 1)]
    everybody = [agent(name, dummies.ROLE, "bench.kill.agents", str(capacity)) for name in names]
    async with stage(Cast(everybody, workers=workers, port=sight.port)) as here:
        this = Scene(here, sight, names)
        await this.start()
        yield this


def _cpu_ns(pid: int) -> int:
    with open(f"/proc/{pid}/schedstat") as file:  # noqa: PTH123 - read a hundred times in a moment
        return int(file.read().split()[0])
