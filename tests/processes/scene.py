"""An environment with two unruly agents and a model that a test holds up: where kills are tried.

It says what is switched and waits for what follows; what that has to be, the tests say.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncGenerator, Generator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import psutil
from tests.processes.confessions import Confessions
from tests.processes.environment import PATIENCE_S, Environment, Story, running
from tests.processes.held_model import FREE, MODEL, Call, HeldModel

from interlock.console.processes import Service
from interlock.console.sayings import control
from interlock.console.stop.receipts import Kill, Receipt, await_receipt
from interlock.contracts import facts as f
from interlock.contracts.message import decode
from interlock.contracts.observed import ProcessExited
from interlock.contracts.plan import Plan, PlannedStep
from interlock.contracts.scope import Scope

ROLE, STEP = "unruly", "work"
UNRULY = ("unruly-1", "unruly-2")
TESTS = {"PYTHONPATH": str(Path(__file__).parents[2])}
AT_ONCE_US = 500_000
# Those who stop hear the command beside the log, and may have stopped a moment before it is stamped there.
AHEAD_US = -20_000
RECEIPTED_S = 15.0


class Work(NamedTuple):
    """A task whose step waits for the model: who has it, and the call in flight."""

    story: Story
    call: Call
    agent: str

    @property
    def task(self) -> int:
        """Its number."""
        return self.story.task


class Scene:
    """`fleet` follows what is decided about everything."""

    def __init__(self, environment: Environment, model: HeldModel, told: Confessions, fleet: Story) -> None:
        self.environment = environment
        self.model = model
        self.told = told
        self.fleet = fleet
        self._works = 0

    async def at_work(self, manner: str = "calm", **fields: Any) -> Work:
        """Hand in a task of one step, and wait until its model call is in flight."""
        self._works += 1
        prompt = f"{manner} {self._works}"
        story = await self.submit([prompt], manner=manner, **fields)
        call = await self.model.came(prompt)
        assigned = await story.first(f.StepAssigned, step=STEP)
        return Work(story, call, assigned.principal)

    async def beside(self, work: Work) -> Work:
        """Hand in tasks until the same agent has another one at work; the other agents finish theirs."""
        others: list[Work] = []
        while (another := await self.at_work()).agent != work.agent:
            others.append(another)
            assert len(others) < len(UNRULY), "the supervisor gives work to whoever has least"
        for other in others:
            await self.model.release(other.call.prompt)
            await other.story.completed()
        return another

    async def exit_of(self, process: f.ProcessReceipt) -> tuple[int, int]:
        """Return of which process a receipt tells the exit, and how many were seen to end with it."""
        for seq in process.records:
            record = await self.environment.bus.record(seq)
            if record is not None and record.subject.endswith(".guard.exited"):
                exited = decode(ProcessExited, record.data)
                return exited.pid, exited.processes
        raise AssertionError(f"none of {process.records} tells of an exit")

    async def submit(
        self,
        prompts: Sequence[str],
        *,
        manner: str = "calm",
        search: str = "",
        chained: bool = False,
        **fields: Any,
    ) -> Story:
        """Hand in a task with a step for each prompt; `chained` ones each wait for the one before."""
        names = [STEP] if len(prompts) == 1 else [f"{STEP}-{n}" for n in range(len(prompts))]
        steps = [
            PlannedStep(
                id=name,
                role=ROLE,
                input={"prompt": prompt, "manner": manner, "port": self.told.port, "search": search},
                after=tuple(names[place - 1 : place]) if chained and place else (),
            )
            for place, (name, prompt) in enumerate(zip(names, prompts, strict=True))
        ]
        order: dict[str, Any] = {"plan": Plan(steps=tuple(steps)), "review": False} | fields
        return await self.environment.submit("Work.", **order)

    async def misbehaving(self, manner: str) -> tuple[Work, list[str]]:
        """Do the same, give the cue, and return what the agent says when it has begun to misbehave."""
        work = await self.at_work(manner)
        await self.model.release(f"cue {work.call.prompt}")
        return work, await self.told.next()

    async def say(self, verb: str, scope: Scope, *, for_s: int | None = None) -> int:
        """Switch something as the person; return the record."""
        return await control(self.environment.bus, verb, scope, "the test says so", for_s=for_s)

    async def kill(self, scope: Scope) -> Kill:
        """Kill something."""
        return Kill(await self.say("kill", scope), scope)

    async def receipt(self, kill: Kill) -> Receipt:
        """Wait for the receipt."""
        receipt = await await_receipt(self.environment.bus, kill, timeout_s=RECEIPTED_S)
        assert receipt is not None, f"no receipt of {kill}"
        return receipt

    async def resume(self, scope: Scope, *agents: str) -> None:
        """Take a kill back, and wait until these agents are here again."""
        joined = {name: len(self.fleet.all(f.AgentJoined, principal=name)) for name in agents}
        await self.say("resume", scope)
        await self.joined(joined)

    async def joined(self, before: dict[str, int]) -> None:
        """Wait until agents have joined more often than so."""
        for name, times in before.items():
            await self.fleet.first(f.AgentJoined, principal=name, times=times + 1)

    def joins(self, *agents: str) -> dict[str, int]:
        """Return how often agents have joined."""
        return {name: len(self.fleet.all(f.AgentJoined, principal=name)) for name in agents}

    def pid(self, name: str) -> int:
        """Return the process that has a name now."""
        return self.environment.pid(name)

    async def ended(self, name: str, pid: int) -> None:
        """Wait until a process has ended, and its guard has seen that; nobody may be in its place."""
        await gone(pid)
        launcher = self.environment.local.launcher
        async with asyncio.timeout(PATIENCE_S):
            while launcher.pids.get(name) == pid:
                await asyncio.to_thread(os.sched_yield)
        assert name not in launcher.pids

    @contextlib.contextmanager
    def frozen(self, *names: str) -> Generator[None]:
        """Let these processes stand still."""
        self.environment.strike(*names, number=signal.SIGSTOP)
        try:
            yield
        finally:
            self.woken(*names)

    def woken(self, *names: str) -> None:
        """Let these processes go on."""
        self.environment.strike(*names, number=signal.SIGCONT)


def agent_scope(name: str) -> Scope:
    return Scope(kind="agent", name=name)


def fate_of(receipt: Receipt, work: Work) -> f.EffectReceipt:
    """Return what the receipt says of the call in flight."""
    (effect,) = (each for each in receipt.fact.effects if each.task == work.task)
    return effect


def process_of(receipt: Receipt, name: str) -> f.ProcessReceipt:
    """Return what the receipt says of a process."""
    (process,) = (each for each in receipt.fact.processes if each.principal == name)
    return process


async def gone(*pids: int) -> None:
    """Wait until these processes have ended."""
    async with asyncio.timeout(PATIENCE_S):
        while any(lives(pid) for pid in pids):
            await asyncio.to_thread(os.sched_yield)


def lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@contextlib.asynccontextmanager
async def scene(folder: Path, model: HeldModel | None = None) -> AsyncGenerator[Scene]:
    """Start the environment in a folder; with a model given, that one."""
    held = model or HeldModel()
    told = Confessions()
    if model is None:
        await held.start()
    await told.start()
    docs = folder / "docs"
    docs.mkdir(exist_ok=True)
    (docs / "lamp.md").write_text("# The lamp\n\nThe lamp is green.\n")
    prices = folder / "prices.toml"
    prices.write_text(FREE)
    unruly = [
        Service(name, "agent", ("tests.processes.unruly",), 3, charter=ROLE, knows=TESTS) for name in UNRULY
    ]
    variables = {"OPENAI_BASE_URL": held.url, "INTERLOCK_PRICES": str(prices)}
    try:
        async with running(folder / "state", docs, MODEL, *unruly, **variables) as environment:
            yield Scene(environment, held, told, await environment.story(0))
    finally:
        told.stop()
        if model is None:
            await held.stop()
