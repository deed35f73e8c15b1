"""The other side of an agent: a peer on the in-memory bus that assigns steps and answers by a script."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest

from interlock.agents.agent import Agent
from interlock.agents.context import Context
from interlock.agents.station import Station
from interlock.bus.errors import LogFull, NotPermitted
from interlock.bus.memory import MemoryServer
from interlock.bus.memory_bus import MemoryBus
from interlock.bus.ports import Ack, Message
from interlock.contracts.control import Control
from interlock.contracts.dispatch import Cancel, DoStep, Outcome
from interlock.contracts.effect import Call, EffectEnd, EffectRequest
from interlock.contracts.inputs import Input, read_record
from interlock.contracts.message import Json, encode
from interlock.contracts.step import Progress, StepFailure, StepResult, StepStopped
from interlock.contracts.subjects import LIVE, dispatch_subject, input_subject, outcome_subject

TASK, STEP, AGENT = 42, "s1", "thinker-1"
WAIT_S = 5.0

T = TypeVar("T")

Script = Callable[[Call], Any]
"""What an effect worker would answer to a call; None: nothing (yet)."""


class Clock:
    """A monotonic clock that moves when it is told to."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


class Server(MemoryServer):
    """The twin, with a log that can be full and verbs that can be forbidden."""

    full = False
    forbidden = ""

    def append(
        self, message: Message, expected_subject_seq: int | None, message_id: str, expected_on: str = ""
    ) -> Ack:
        if self.full:
            raise LogFull("the log holds no more")
        if self.forbidden and self.forbidden in message.subject:
            raise NotPermitted(f"nobody may publish on {message.subject}")
        return super().append(message, expected_subject_seq, message_id, expected_on)


class Peer:
    """Supervisor, effect worker and operator in one, towards one agent."""

    def __init__(self) -> None:
        self.server = Server(lambda: 0)
        self.bus = MemoryBus(self.server, "supervisor-1")
        self.clock = Clock()
        self.script: Script = lambda _call: None
        self.requests: asyncio.Queue[EffectRequest] = asyncio.Queue()
        self.ends: asyncio.Queue[StepResult | StepFailure] = asyncio.Queue()
        self.stops: asyncio.Queue[StepStopped] = asyncio.Queue()
        self.replies: asyncio.Queue[bytes] = asyncio.Queue()
        self.shown: list[str] = []
        self.stations: list[Station] = []

    async def start(self) -> None:
        await self.bus.listen("interlock.in.*.agent.>", self._hear)
        await self.bus.listen("interlock.taken.supervisor-1.>", self._on_reply)
        await self.bus.listen(LIVE, self._on_live)

    async def join(self, agent: Agent, locked_out: Callable[[], bool] = lambda: False) -> Station:
        """Bring an agent onto the bus."""
        bus = MemoryBus(self.server, AGENT)
        station = Station(bus, agent.charter, agent.handler, self.clock, locked_out)
        self.stations.append(station)
        await station.start()
        return station

    async def assign(self, given_input: Json, **fields: Any) -> bytes:
        """Dispatch a step and return what the agent's desk answers."""
        step = DoStep(
            task=TASK, step=STEP, attempt=1, role="thinker", title="", goal="the goal", input=given_input
        )
        await self._dispatch(msgspec.structs.replace(step, **fields), reply=True)
        return await within_bound(self.replies.get())

    async def work(self, given_input: Json, **fields: Any) -> StepResult | StepFailure:
        """Dispatch a step and return how it ends."""
        assert await self.assign(given_input, **fields) == b"taken"
        return await within_bound(self.ends.get())

    async def asked(self) -> EffectRequest:
        """Return the next effect that the agent asks for."""
        return await within_bound(self.requests.get())

    async def answer(self, key: str, value: Any, end: EffectEnd = "completed", **fields: Any) -> None:
        """Send an outcome to the agent."""
        outcome = Outcome(task=TASK, step=STEP, key=key, effect=77, end=end, value=msgspec.Raw(encode(value)))
        said = encode(msgspec.structs.replace(outcome, **fields))
        await self.bus.send(outcome_subject(AGENT, "effects-1"), said)

    async def cancel(self, **fields: Any) -> None:
        await self._dispatch(msgspec.structs.replace(Cancel(task=TASK), **fields))

    async def kill(self, *scope: str) -> None:
        """Say kill as an operator does."""
        operator = MemoryBus(self.server, "olga")
        await operator.append(input_subject("olga", "control", "kill", *scope), encode(Control()))

    async def settle(self) -> None:
        """Let everything happen that can happen without time passing."""
        for _ in range(30):
            await asyncio.sleep(0)

    def said(self, verb: str) -> list[Input]:
        """Return what the agent has said so far under one verb."""
        inputs = [read_record(r.seq, r.time_ms, r.subject, r.data) for r in self.server.records]
        return [said for said in inputs if said.kind == "agent" and said.verb == verb]

    async def _dispatch(self, dispatch: DoStep | Outcome | Cancel, *, reply: bool = False) -> None:
        answer_to = f"interlock.taken.supervisor-1.{AGENT}.1" if reply else ""
        await self.bus.send(dispatch_subject(AGENT), encode(dispatch), reply=answer_to)

    async def _on_reply(self, message: Message) -> None:
        self.replies.put_nowait(message.data)

    async def _on_live(self, message: Message) -> None:
        self.shown.append(msgspec.json.decode(message.data, type=Progress).text)

    async def _hear(self, message: Message) -> None:
        said = read_record(0, 0, message.subject, message.data).body
        if isinstance(said, EffectRequest):
            self.requests.put_nowait(said)
            value = self.script(said.call)
            if value is not None:
                await self.answer(said.key, value, step=said.step)
        elif isinstance(said, StepResult | StepFailure):
            self.ends.put_nowait(said)
        elif isinstance(said, StepStopped):
            self.stops.put_nowait(said)


async def within_bound(waiting: Awaitable[T]) -> T:
    async with asyncio.timeout(WAIT_S):
        return await waiting


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    peer = Peer()
    await peer.start()
    yield peer
    for station in peer.stations:
        await station.stop("the test is over")


Handle = Callable[[Any, Context], Awaitable[Any]]
Thinker = Callable[[Handle], Agent]

CHARTER = """
role = "thinker"
version = "1"
objective = "Think."
capacity = 2
"""


@pytest.fixture
def thinker(tmp_path: Path) -> Thinker:
    """Return what makes an agent with a charter (capacity 2) of a handler."""
    charter = tmp_path / "thinker.toml"
    charter.write_text(CHARTER)

    def make(handle: Handle) -> Agent:
        agent = Agent("thinker", charter=charter)
        agent.handle(handle)
        return agent

    return make
