"""Two worlds with one log each, a real server and the in-memory twin; and a collector of deliveries."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import pytest

from interlock.bus import jetstream, server
from interlock.bus.clock import now_ms
from interlock.bus.memory import Capacity, MemoryServer
from interlock.bus.memory_bus import MemoryBus
from interlock.bus.nats_bus import NatsBus, connect
from interlock.bus.ports import Bus
from interlock.bus.stream import StreamSettings, ensure_stream
from interlock.contracts.subjects import STREAM

PATIENCE_S = 10.0
STORE_BUSY = 10049

T = TypeVar("T")


class Collected(Generic[T]):
    """What was delivered, in order; a reader can be held up by clearing `open`."""

    def __init__(self) -> None:
        self.items: list[T] = []
        self.open = asyncio.Event()
        self.open.set()
        self._more = asyncio.Event()

    async def take(self, item: T) -> None:
        await self.open.wait()
        self.items.append(item)
        self._more.set()

    async def count(self, number: int) -> list[T]:
        """Wait until that many have come, and return all."""
        async with asyncio.timeout(PATIENCE_S):
            while len(self.items) < number:
                self._more.clear()
                await self._more.wait()
        return self.items


class Basket:
    """A desk's `take`: everything is new to it."""

    def __init__(self) -> None:
        self.items: list[bytes] = []

    def take(self, data: bytes) -> bool:
        self.items.append(data)
        return True


async def until(condition: Callable[[], bool]) -> None:
    """Let others run until something holds, with a bound."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110 - what it waits for has no event
            await asyncio.sleep(0)


class World(Protocol):
    """One empty log and any number of connections to it."""

    async def connect(self, principal: str = "alice") -> Bus: ...


class NatsWorld:
    def __init__(self, url: str) -> None:
        self.url = url
        self._buses: list[NatsBus] = []

    async def connect(self, principal: str = "alice") -> NatsBus:
        bus = await connect(self.url, principal)
        self._buses.append(bus)
        return bus

    async def begin(self, max_bytes: int = 1024**3) -> None:
        bus = await self.connect("supervisor")
        async with asyncio.timeout(PATIENCE_S):
            while not await self._begun(bus, max_bytes):
                pass

    async def _begun(self, bus: NatsBus, max_bytes: int) -> bool:
        """Put an empty stream in place of the one before; a busy server may not clear that at once."""
        with suppress(jetstream.Refusal):
            await jetstream.call(bus.requests, f"STREAM.DELETE.{STREAM}", b"", dict[str, Any])
        try:
            await ensure_stream(bus, StreamSettings(max_bytes=max_bytes))
        except jetstream.Refusal as refusal:
            if refusal.err_code != STORE_BUSY:
                raise
            return False
        return await bus.last_seq() == 0

    async def end(self) -> None:
        for bus in self._buses:
            await bus.close()


class MemoryWorld:
    def __init__(self, data_bytes: int = 1024**3) -> None:
        self.server = MemoryServer(now_ms, capacity=Capacity(data_bytes=data_bytes))
        self._buses: list[MemoryBus] = []

    async def connect(self, principal: str = "alice") -> MemoryBus:
        bus = MemoryBus(self.server, principal)
        self._buses.append(bus)
        return bus

    async def end(self) -> None:
        for bus in self._buses:
            await bus.close()


@pytest.fixture(scope="session")
def nats_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    running = server.start(tmp_path_factory.mktemp("server"))
    yield running.url
    running.stop()


async def _world(backend: str, nats_url: str, data_bytes: int) -> NatsWorld | MemoryWorld:
    if backend == "memory":
        return MemoryWorld(data_bytes)
    nats_world = NatsWorld(nats_url)
    await nats_world.begin(data_bytes)
    return nats_world


@pytest.fixture(params=["nats", "memory"])
async def world(request: pytest.FixtureRequest, nats_url: str) -> AsyncIterator[World]:
    """An empty log with room for everything."""
    made = await _world(request.param, nats_url, 1024**3)
    yield made
    await made.end()


@pytest.fixture(params=["nats", "memory"])
async def small_world(request: pytest.FixtureRequest, nats_url: str) -> AsyncIterator[World]:
    """An empty log with room for about 20 kB."""
    made = await _world(request.param, nats_url, 20_000)
    yield made
    await made.end()


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A state folder for a server of the test's own."""
    return tmp_path / "state"
