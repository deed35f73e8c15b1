"""An agent that has lost the bus, or is not wanted there any more, stops thinking: on a real server."""

import asyncio
import contextlib
import signal
import socket
import subprocess
import time
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.agents.conftest import AGENT, STEP, TASK, WAIT_S, Clock, Thinker

from interlock.agents import Context
from interlock.agents.agent import Agent
from interlock.agents.journal import Now
from interlock.agents.station import LOST_S, Station
from interlock.bus import identity, server
from interlock.bus.dispatch import Dispatcher
from interlock.bus.errors import NotPermitted
from interlock.bus.nats_bus import NatsBus, connect
from interlock.bus.ports import Record
from interlock.bus.server import Server
from interlock.bus.stream import ensure_stream
from interlock.contracts.dispatch import DoStep
from interlock.contracts.inputs import read_record
from interlock.contracts.message import encode
from interlock.contracts.presence import AgentHello

pytestmark = pytest.mark.processes

Json = dict[str, Any]


class Waiting:
    """A handler that waits for a model's answer which does not come."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.ended = asyncio.Event()

    async def handle(self, _step: Json, ctx: Context) -> str:
        self.begun.set()
        try:
            return await ctx.model("Think.")
        finally:
            self.ended.set()


class Seen:
    """When the connection broke."""

    def __init__(self) -> None:
        self.broken = asyncio.Event()

    def lost(self) -> None:
        self.broken.set()

    def restored(self) -> None:
        pass

    def refused(self, subject: str) -> None:
        pass


class Guarded:
    """A server that knows some keys, and forgets them when it is told to."""

    def __init__(self, folder: Path, *names: str) -> None:
        self.seeds = {name: identity.create() for name in names}
        self._config = folder / "nats.conf"
        self._folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port: int = free.getsockname()[1]
        self._write(self.seeds)
        self._process = subprocess.Popen(
            [server.find_binary(), "-c", self._config], stderr=subprocess.DEVNULL
        )

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self._port}"

    def forget(self, name: str) -> None:
        self._write({other: one for other, one in self.seeds.items() if other != name})
        self._process.send_signal(signal.SIGHUP)

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()

    def _write(self, known: dict[str, identity.Identity]) -> None:
        users = ", ".join(f"{{nkey: {one.public_key}}}" for one in known.values())
        self._config.write_text(
            f'listen: "127.0.0.1:{self._port}"\njetstream {{store_dir: "{self._folder}"}}\n'
            f"authorization {{users: [{users}]}}\n"
        )


class Place:
    """The supervisor's connection, and an agent at work on a step."""

    def __init__(self, supervisor: NatsBus, bus: NatsBus) -> None:
        self.supervisor = supervisor
        self.bus = bus
        self.hellos: asyncio.Queue[AgentHello] = asyncio.Queue()
        self.seen = Seen()
        self.stations: list[Station] = []
        self.dispatcher = Dispatcher(supervisor, "supervisor", lambda _key, _principal: None)

    async def open(self) -> None:
        await ensure_stream(self.supervisor)
        await self.supervisor.follow([f"interlock.in.{AGENT}.agent.hello"], self._on_hello)
        await self.dispatcher.start()

    async def work(self, agent: Agent, now: Now) -> Station:
        """Let the agent begin a step."""
        station = Station(
            self.bus,
            agent.charter,
            agent.handler,
            now,
            lambda: isinstance(self.bus.connection.trouble, NotPermitted),
        )
        self.bus.connection.watchers |= {station, self.seen}
        await station.start()
        self.stations.append(station)
        step = DoStep(task=TASK, step=STEP, attempt=1, role="thinker", title="", goal="g", input={})
        self.dispatcher.send("step", AGENT, encode(step))
        return station

    async def close(self) -> None:
        for station in self.stations:
            await station.stop("the test is over")
        await self.dispatcher.stop()
        await self.bus.close()
        await self.supervisor.close()

    def _on_hello(self, record: Record) -> None:
        said = read_record(record.seq, record.time_ms, record.subject, record.data)
        assert isinstance(said.body, AgentHello)
        self.hellos.put_nowait(said.body)


@contextlib.asynccontextmanager
async def opened(url: str, seeds: dict[str, identity.Identity]) -> AsyncGenerator[Place]:
    keys = {name: one.seed for name, one in seeds.items()}
    supervisor = await connect(url, "supervisor", key=keys.get("supervisor"))
    place = Place(supervisor, await connect(url, AGENT, key=keys.get(AGENT)))
    try:
        await place.open()
        yield place
    finally:
        await place.close()


@pytest.fixture
def nats(tmp_path: Path) -> Iterator[Server]:
    running = server.start(tmp_path / "state")
    yield running
    running.stop()


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Guarded]:
    running = Guarded(tmp_path, "supervisor", AGENT)
    yield running
    running.stop()


async def test_a_handler_that_waits_for_a_model_ends_when_the_bus_is_gone(
    nats: Server, thinker: Thinker
) -> None:
    async with opened(nats.url, {}) as place:
        # Given a handler that waits for an answer
        waiting, clock = Waiting(), Clock()
        station = await place.work(thinker(waiting.handle), clock)
        await asyncio.wait_for(waiting.begun.wait(), WAIT_S)
        # When the server is gone for as long as the agent hopes
        await asyncio.to_thread(nats.kill)
        await asyncio.wait_for(place.seen.broken.wait(), WAIT_S)
        station.sweep()
        assert not waiting.ended.is_set()
        clock.seconds += LOST_S + 1
        station.sweep()
        # Then the handler has ended, and who comes back is another
        await asyncio.wait_for(waiting.ended.wait(), WAIT_S)
        assert station.workbench.in_hand == 0
        first = await asyncio.wait_for(place.hellos.get(), WAIT_S)
        await asyncio.to_thread(nats.restart)
        second = await asyncio.wait_for(place.hellos.get(), 2 * WAIT_S)
        assert first.incarnation != second.incarnation


async def test_an_agent_whose_key_is_refused_stops_at_once(guarded: Guarded, thinker: Thinker) -> None:
    async with opened(guarded.url, guarded.seeds) as place:
        waiting = Waiting()
        station = await place.work(thinker(waiting.handle), time.monotonic)
        await asyncio.wait_for(waiting.begun.wait(), WAIT_S)
        # When the server does not know the agent any more
        guarded.forget(AGENT)
        # Then its handler ends long before it would give up hope
        await asyncio.wait_for(waiting.ended.wait(), LOST_S / 2)
        assert station.workbench.in_hand == 0
