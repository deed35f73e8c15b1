"""The other side of an agent: a peer on the in-memory bus that assigns steps and answers effects from a script."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec
import pytest

from interlock.agents.agent import Agent
from interlock.agents.station import Station
from interlock.bus.memory import MemoryServer
from interlock.bus.memory_bus import MemoryBus
from interlock.bus.ports import Message
from interlock.contracts.control import Control
from interlock.contracts.dispatch import Cancel, DoStep, Outcome
from interlock.contracts.effect import Call, EffectEnd, EffectRequest
from interlock.contracts.inputs import Input, read_record
from interlock.contracts.message import encode
from interlock.contracts.step import StepFailure, StepResult
from interlock.contracts.subjects import dispatch_subject, input_subject

TASK = 42
AGENT = "thinker-1"
WAIT_S = 5.0

Script = Callable[[Call], Any]
"""What an effect worker would answer to a call; None: nothing (yet)."""


class Clock:
    """A monotonic clock that moves when it is told to."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


class Peer:
    """Supervisor, effect worker and operator in one, towards one agent."""

    def __init__(self, server: MemoryServer) -> None:
        self.server = server
        self.bus = MemoryBus(server, "supervisor-1")
        self.clock = Clock()
        self.script: Script = lambda _call: None
        self.requests: asyncio.Queue[EffectRequest] = asyncio.Queue()
        self.ends: asyncio.Queue[StepResult | StepFailure] = asyncio.Queue()
        self.replies: asyncio.Queue[bytes] = asyncio.Queue()
        self.stations: list[Station] = []

    async def start(self) -> None:
        await self.bus.listen("interlock.in.*.agent.>", self._hear)
        await self.bus.listen("interlock.taken.supervisor-1.>", self._on_reply)

    async def join(self, agent: Agent) -> Station:
        """Bring an agent onto the bus."""
        station = Station(MemoryBus(self.server, AGENT), agent.charter, agent.handler, self.clock)
        self.stations.append(station)
        await station.start()
        return station

    async def assign(self, given_input: dict[str, Any], **fields: Any) -> bytes:
        """Dispatch a step and return what the agent's desk answers."""
        known = {"task": TASK, "step": "s1", "attempt": 1, "role": "thinker", "title": "", "goal": "the goal"}
        await self._dispatch(DoStep(**(known | {"input": given_input} | fields)), reply=True)
        return await self.next(self.replies)

    async def work(self, given_input: dict[str, Any], **fields: Any) -> StepResult | StepFailure:
        """Dispatch a step and return how it ends."""
        assert await self.assign(given_input, **fields) == b"taken"
        return await self.next(self.ends)

    async def answer(self, key: str, value: Any, end: EffectEnd = "completed", **fields: Any) -> None:
        """Send an outcome to the agent."""
        raw = msgspec.Raw(encode(value))
        known = {"task": TASK, "step": "s1", "key": key, "effect": 77, "end": end, "value": raw}
        await self._dispatch(Outcome(**(known | fields)))

    async def cancel(self, **fields: Any) -> None:
        await self._dispatch(Cancel(**({"task": TASK} | fields)))

    async def kill(self, *scope: str) -> None:
        """Say kill as an operator does."""
        operator = MemoryBus(self.server, "olga")
        await operator.append(input_subject("olga", "control", "kill", *scope), encode(Control(reason="enough")))

    async def next(self, queue: "asyncio.Queue[Any]") -> Any:
        async with asyncio.timeout(WAIT_S):
            return await queue.get()

    async def settle(self) -> None:
        """Let everything happen that can happen without time passing."""
        for _ in range(30):
            await asyncio.sleep(0)

    def said(self, verb: str) -> list[Input]:
        """Return what the agent has said so far under one verb."""
        inputs = (read_record(r.seq, r.time_ms, r.subject, r.data) for r in self.server.records)
        return [said for said in inputs if said.kind == "agent" and said.verb == verb]

    async def _dispatch(self, dispatch: DoStep | Outcome | Cancel, *, reply: bool = False) -> None:
        answer_to = f"interlock.taken.supervisor-1.{AGENT}.1" if reply else ""
        await self.bus.send(dispatch_subject(AGENT), encode(dispatch), reply=answer_to)

    async def _on_reply(self, message: Message) -> None:
        self.replies.put_nowait(message.data)

    async def _hear(self, message: Message) -> None:
        said = read_record(0, 0, message.subject, message.data).body
        if isinstance(said, EffectRequest):
            self.requests.put_nowait(said)
            value = self.script(said.call)
            if value is not None:
                await self.answer(said.key, value)
        elif isinstance(said, StepResult | StepFailure):
            self.ends.put_nowait(said)


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    peer = Peer(MemoryServer(lambda: 0))
    await peer.start()
    yield peer
    for station in peer.stations:
        await station.stop("the test is over")
