"""A stage on the in-memory bus: real supervisors, and small agents and workers that play by a script."""

# pyright: reportPrivateUsage=false

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
from tests.supervisor.core.world import LOOK, MODEL, PLAN, THINK, TOOLS

from interlock.bus.clock import now_ms, now_us
from interlock.bus.desk import Desk
from interlock.bus.errors import BusError, LogFull
from interlock.bus.memory import MemoryServer
from interlock.bus.memory_bus import MemoryBus
from interlock.bus.ports import Message as Sent
from interlock.bus.presence import SILENT_MS
from interlock.contracts import facts
from interlock.contracts.budget import Amounts
from interlock.contracts.charter import Charter
from interlock.contracts.decision import Decision
from interlock.contracts.dispatch import Cancel, Dispatch, DoEffect, DoStep, Outcome
from interlock.contracts.effect import Call, EffectCompleted, EffectRequest, ModelCall
from interlock.contracts.message import Message, decode, encode
from interlock.contracts.plan import Plan
from interlock.contracts.policy import Policies
from interlock.contracts.presence import AgentHello, EffectHello
from interlock.contracts.roles import Verdict
from interlock.contracts.step import StepResult, StepStopped
from interlock.contracts.subjects import DECISIONS, input_subject, outcome_subject
from interlock.contracts.task import Submit
from interlock.supervisor.core.bounds import ONE_TOOL_CALL
from interlock.supervisor.leader import Leader
from interlock.supervisor.supervisor import Supervisor

PATIENCE_S = 10.0
ASK_AGAIN_S = 0.3
ROLES = ("planner", "researcher", "executor", "reviewer")
WHO_LED = (facts.LeaderTook, facts.LeaderLeft, facts.Led)
USED = Amounts(tokens=20, spend_usd_micros=30, model_calls=1)

_read = msgspec.json.Decoder(Dispatch).decode
_incarnations = count(1)


class Player:
    """Somebody who is told what to do by dispatches, and says things on the log."""

    def __init__(self, server: MemoryServer, principal: str) -> None:
        self.server = server
        self.bus = MemoryBus(server, principal)
        self.desk = Desk(self.bus, self._take)
        self.at_work: dict[Any, asyncio.Task[Any]] = {}
        self.incarnation = f"i{next(_incarnations)}"

    async def say(self, kind: str, verb: str, body: Message, *rest: str | int) -> int:
        """Append until the log has room."""
        subject = input_subject(self.bus.principal, kind, verb, *rest)
        while True:
            try:
                return (await self.bus.append(subject, encode(body))).seq
            except LogFull:
                await asyncio.sleep(0)

    async def leave(self) -> None:
        """Be gone without a word, as a killed process is."""
        for work in self.at_work.values():
            work.cancel()
        await self.bus.close()

    def _take(self, data: bytes) -> bool:
        raise NotImplementedError

    def begin(self, key: Any, work: Awaitable[Any]) -> bool:
        """Work on something unless it is known already."""
        if key in self.at_work:
            asyncio.ensure_future(work).cancel()
            return False
        self.at_work[key] = asyncio.ensure_future(work)
        return True


class Agent(Player):
    """Does every step of its role by making its calls, one after the other, and then giving its result."""

    def __init__(self, server: MemoryServer, principal: str, calls: tuple[Call, ...]) -> None:
        super().__init__(server, principal)
        self.role = principal.rsplit("-", 1)[0]
        self.calls = calls
        self.capacity = 8
        self.attempts: list[tuple[int, str, int]] = []
        self.may_go_on = asyncio.Event()
        self.may_go_on.set()
        self.may_finish = asyncio.Event()
        self.may_finish.set()
        self.outcomes: list[Outcome] = []
        self.given: list[dict[str, bytes]] = []
        self.confirms = True
        self.deaf = False
        self._waiting: dict[tuple[int, str, str], asyncio.Future[Outcome]] = {}

    async def start(self) -> None:
        charter = Charter(role=self.role, version="1", objective="Work.", tools=("search",), models=("*",))
        await self.desk.start()
        await self.bus.listen(outcome_subject(self.bus.principal, "*"), self._hear)
        hello = AgentHello(incarnation=self.incarnation, charter=charter, capacity=self.capacity)
        await self.say("agent", "hello", hello)

    def _take(self, data: bytes) -> bool:
        told = _read(data)
        if isinstance(told, DoStep):
            return self.begin((told.task, told.step, told.attempt), self._work(told))
        if isinstance(told, Outcome):
            self._take_outcome(told)
        elif isinstance(told, Cancel) and not self.deaf:
            for (task, step, attempt), work in self.at_work.items():
                if task == told.task and (told.step, told.attempt) in {("all", 0), (step, attempt)}:
                    work.cancel()
            if told.attempt and self.confirms:
                stopped = StepStopped(step=told.step, attempt=told.attempt, stopped_us=now_us())
                self.begin((told, "stopped"), self.say("agent", "stopped", stopped, told.task))
        return True

    def _hear(self, message: Sent) -> None:
        told = _read(message.data)
        assert isinstance(told, Outcome)
        self._take_outcome(told)

    def _take_outcome(self, told: Outcome) -> None:
        waiting = self._waiting.get((told.task, told.step, told.key))
        if waiting is not None and not waiting.done():
            waiting.set_result(told)

    async def _work(self, step: DoStep) -> None:
        self.attempts.append((step.task, step.step, step.attempt))
        self.given.append({name: bytes(value) for name, value in step.given.items()})
        await self.may_go_on.wait()
        for place, call in enumerate(self.calls):
            self.outcomes.append(await self.effect(step, call, f"k{place}"))
        await self.may_finish.wait()
        await self.give(
            step, {"planner": PLAN, "reviewer": Verdict(decision="approve")}.get(self.role, "done")
        )

    async def give(self, step: DoStep, value: Any) -> None:
        """Say what a step has come to."""
        body = StepResult(step=step.step, attempt=step.attempt, value=msgspec.Raw(encode(value)))
        await self.say("agent", "result", body, step.task)

    async def effect(self, step: DoStep, call: Call, key: str) -> Outcome:
        """Ask, and ask again while no outcome comes."""
        request = EffectRequest(step=step.step, attempt=step.attempt, key=key, call=call)
        outcome = self._waiting[step.task, step.step, key] = asyncio.get_running_loop().create_future()
        while True:
            await self.say("agent", "effect", request, step.task)
            with contextlib.suppress(TimeoutError):
                return await asyncio.wait_for(asyncio.shield(outcome), ASK_AGAIN_S)


class EffectWorker(Player):
    """Does every effect at once, and keeps what it did: (effect, grant)."""

    def __init__(self, server: MemoryServer, principal: str = "effects-1", capacity: int = 32) -> None:
        super().__init__(server, principal)
        self.capacity = capacity
        self.done: list[tuple[int, int]] = []
        self.unfounded: list[tuple[int, int]] = []
        self.taken: list[DoEffect] = []
        self.withdrawn: list[tuple[int, int]] = []
        self.may_go_on = asyncio.Event()
        self.may_go_on.set()

    async def start(self) -> None:
        await self.desk.start()
        hello = EffectHello(
            incarnation=self.incarnation, capacity=self.capacity, models=(MODEL,), tools=TOOLS
        )
        await self.say("effect", "hello", hello)

    def _take(self, data: bytes) -> bool:
        told = _read(data)
        if isinstance(told, DoEffect) and (told.effect, told.grant) not in self._granted():
            self.unfounded.append((told.effect, told.grant))
        if isinstance(told, DoEffect):
            self.taken.append(told)
            return self.begin((told.effect, told.grant), self._do(told))
        if isinstance(told, Cancel) and told.grant:
            self.withdrawn.append((told.effect, told.grant))
        return True

    def _granted(self) -> set[tuple[int, int]]:
        """Return the grants that are durable."""
        said = (fact for decision in decisions(self.server) for fact in decision.facts)
        return {(fact.effect, fact.grant) for fact in said if isinstance(fact, facts.EffectGranted)}

    async def _do(self, order: DoEffect) -> None:
        await self.may_go_on.wait()
        self.done.append((order.effect, order.grant))
        value = msgspec.Raw(b'"so"')
        used = USED if isinstance(order.call, ModelCall) else ONE_TOOL_CALL
        body = EffectCompleted(effect=order.effect, grant=order.grant, value=value, used=used)
        await self.say("effect", "completed", body, order.task)
        outcome = Outcome(
            task=order.task, step=order.step, key=order.key, effect=order.effect, end="completed", value=value
        )
        if order.agent:
            await self.bus.send(outcome_subject(order.agent, self.bus.principal), encode(outcome))


class Stage:
    """One log, its supervisors, and everybody who plays."""

    def __init__(self, server: MemoryServer | None = None) -> None:
        self.server = server or MemoryServer(now_ms)
        self.players: list[Player] = []
        self.running: list[asyncio.Task[None]] = []
        self.operator = Player(self.server, "olga")
        self.changed = asyncio.Event()
        self.server.follow(self.changed.set)

    def supervise(
        self,
        name: str = "supervisor-1",
        *,
        silent_ms: int = SILENT_MS,
        policies: Path | Policies | None = None,
    ) -> tuple[Supervisor, MemoryBus, asyncio.Task[None]]:
        """Start a supervisor; its end is the task's end."""
        bus = MemoryBus(self.server, name)
        supervisor = Supervisor(bus, silent_ms=silent_ms, policies=policies)
        running = asyncio.create_task(supervisor.run())
        self.running.append(running)
        return supervisor, bus, running

    async def cast(self, calls: tuple[Call, ...] = (THINK, LOOK), capacity: int = 32) -> EffectWorker:
        """Let one agent of every role and an effect worker of this capacity join."""
        for role in ROLES:
            await self.join(Agent(self.server, f"{role}-1", calls))
        worker = EffectWorker(self.server, capacity=capacity)
        await self.join(worker)
        return worker

    async def join(self, player: Agent | EffectWorker) -> None:
        self.players.append(player)
        await player.start()

    def agent(self, name: str) -> Agent:
        found = [player for player in self.players if player.bus.principal == name]
        assert isinstance(found[-1], Agent)
        return found[-1]

    async def submit(self, plan: Plan | None = None, **fields: Any) -> int:
        return await self.operator.say("task", "submit", Submit(goal="why?", plan=plan, **fields))

    async def leader(self, supervisor: Supervisor) -> Leader:
        """Wait until a supervisor leads, and return what does."""
        await self.until(lambda: supervisor.leads)
        assert supervisor._leader is not None
        return supervisor._leader

    def decisions(self, task: int | None = None) -> list[Decision]:
        """Return the decisions that stand in the log, of one task or of all, without who led."""
        return [
            decision
            for decision in decisions(self.server)
            if task in {None, decision.task} and not any(isinstance(f, WHO_LED) for f in decision.facts)
        ]

    def told(self, task: int, kind: type[Any] | None = None) -> list[Any]:
        """Return the facts about a task, of one kind if one is named."""
        said = [fact for decision in self.decisions(task) for fact in decision.facts]
        return [fact for fact in said if kind is None or isinstance(fact, kind)]

    async def until(self, there: Callable[[], Any]) -> None:
        """Wait until something is so; it is looked at again whenever the log grows or the loop turns."""
        async with asyncio.timeout(PATIENCE_S):
            while not there():
                self.changed.clear()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self.changed.wait(), 0.02)

    async def several_turns(self) -> None:
        """Let everybody do what they can do now."""
        for _ in range(200):
            await asyncio.sleep(0)

    async def completed(self, task: int) -> None:
        await self.until(lambda: self.told(task, facts.Completed))

    async def end(self) -> None:
        """Stop everything, and let what was cancelled end; nothing may have been done without a grant."""
        for player in (*self.players, self.operator):
            await player.leave()
        for running in self.running:
            running.cancel()
        with contextlib.suppress(BusError):
            await asyncio.gather(*self.running, return_exceptions=True)
        work = [each for player in self.players for each in player.at_work.values()]
        await asyncio.gather(*work, return_exceptions=True)
        workers = [player for player in self.players if isinstance(player, EffectWorker)]
        assert not [effect for worker in workers for effect in worker.unfounded]


def decisions(server: MemoryServer) -> list[Decision]:
    """Return the decisions that stand in a log."""
    prefix = DECISIONS.removesuffix(">")
    return [decode(Decision, r.data) for r in server.records if r.subject.startswith(prefix)]
