"""A site: a real server with a directory of principals, real access services, clients, and what was said."""

import asyncio
import json
import ssl
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from interlock.bus import server
from interlock.bus.clock import now_ms
from interlock.bus.errors import NotPermitted
from interlock.bus.identity import load
from interlock.bus.nats_bus import NatsBus, connect
from interlock.bus.ports import Record
from interlock.bus.principals import Principals
from interlock.bus.process import Settings
from interlock.bus.stream import StreamSettings, ensure_stream
from interlock.bus.tls import ServerTls, client_context
from interlock.contracts.control import Control
from interlock.contracts.decision import Decision
from interlock.contracts.facts import AnyFact
from interlock.contracts.inputs import Input, read_record
from interlock.contracts.message import Message, encode
from interlock.contracts.subjects import FLEET_DECISIONS, INPUTS, input_subject
from interlock.supervisor.access.connections import Live
from interlock.supervisor.access.service import Access
from interlock.supervisor.access.settings import AccessSettings

PATIENCE_S = 10.0
STAFF = {
    "access-1": ("access",),
    "access-2": ("access",),
    "supervisor-1": ("supervisor",),
    "researcher-1": ("agent",),
    "researcher-2": ("agent",),
    "planner-1": ("agent",),
    "effects-1": ("effects",),
    "guard-1": ("guard",),
    "alice": ("admin",),
}
STRANGER = "effects-9"

M = TypeVar("M", bound=Message)


class Ear:
    """Notes when a connection breaks and when it stands again."""

    def __init__(self, bus: NatsBus) -> None:
        self.broken = asyncio.Event()
        self.whole = asyncio.Event()
        self.breaks = 0
        self.broken_at_s = 0.0
        bus.connection.watchers.add(self)

    def lost(self) -> None:
        self.breaks += 1
        self.broken_at_s = asyncio.get_running_loop().time()
        self.whole.clear()
        self.broken.set()

    def restored(self) -> None:
        self.whole.set()

    def refused(self, subject: str) -> None:
        del subject


class Site:
    def __init__(self, folder: Path, tls: ServerTls | None = None) -> None:
        self.folder = folder
        self._tls = tls
        self.principals = Principals(folder)
        for name, roles in STAFF.items():
            self.principals.admit(name, roles)
        self.principals.admit(STRANGER, ("effects",), environment="staging")
        self.server = server.start(folder, tls=tls)
        self._buses: list[NatsBus] = []
        self.services: list[Access] = []
        self._inputs: list[Input] = []
        self._more = asyncio.Event()

    @property
    def url(self) -> str:
        return self.server.url

    async def begin(self, **settings: Any) -> None:
        """Start an access service, and let a supervisor make the log and alice read it."""
        await self.serve(**settings)
        self.supervisor = await self.connect("supervisor-1")
        await ensure_stream(self.supervisor, StreamSettings())
        self.alice = await self.connect("alice")
        await self.alice.follow([INPUTS], self.note)
        await self.greeted()

    async def serve(self, principal: str = "access-1", **settings: Any) -> Access:
        own = AccessSettings(
            directory=self.folder,
            server_log=settings.pop("server_log", self.folder / "nats-server.log"),
            **settings,
        )
        tls = self._tls.folder if self._tls else None
        bus = Settings(url=self.url, principal=principal, tls=tls)
        access = Access(own, bus, f"life-{len(self.services)}")
        self.services.append(access)
        await access.start()
        return access

    async def leave(self, access: Access) -> None:
        self.services.remove(access)
        await access.stop()

    async def end(self) -> None:
        for bus in self._buses:
            await bus.close()
        for access in self.services:
            await access.stop()
        self.server.stop()

    def key(self, principal: str) -> str:
        return load(self.principals.key_file(principal)).seed

    async def connect(self, principal: str, key: str | None = None, **credentials: Any) -> NatsBus:
        seed = key if key or credentials else self.key(principal)
        if self._tls and "tls" not in credentials:
            credentials["tls"] = client_context(self._tls.folder)
        bus = await connect(self.url, principal, key=seed, **credentials)
        self._buses.append(bus)
        return bus

    async def admitted(self, principal: str, key: str | None = None, **credentials: Any) -> NatsBus:
        """Connect as soon as access lets this principal in."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                try:
                    return await self.connect(principal, key, **credentials)
                except NotPermitted:
                    continue

    async def control(self, verb: str, *scope: str) -> int:
        """Let alice say something that switches; return its sequence."""
        subject = input_subject("alice", "control", verb, *scope)
        return (await self.alice.append(subject, encode(Control(reason="a test")))).seq

    async def decide(self, *facts: AnyFact, cause: int = 0) -> int:
        decision = Decision(task=0, cause=cause, at_ms=now_ms(), by="supervisor-1", facts=facts)
        return (await self.supervisor.append(FLEET_DECISIONS, encode(decision))).seq

    async def greeted(self, services: int = 1) -> None:
        """Wait until so many access services have read the log."""
        await self._until(lambda: len(self._said("hello")) >= services)

    async def said(
        self, kind: type[M], fits: Callable[[M], bool] = lambda _: True, *, count: int = 1
    ) -> list[M]:
        """Wait until access has said that much of a kind, and return it."""

        def found() -> list[M]:
            return [one.body for one in self._inputs if isinstance(one.body, kind) and fits(one.body)]

        await self._until(lambda: len(found()) >= count)
        return found()

    def so_far(self, kind: type[M]) -> list[M]:
        return [one.body for one in self._inputs if isinstance(one.body, kind)]

    @property
    def inputs(self) -> list[Input]:
        return self._inputs

    async def standing(self, principal: str, count: int = 1) -> tuple[Live, ...]:
        """Wait until access knows that many connections of a principal."""
        connections = self.services[0].cutting.connections
        async with asyncio.timeout(PATIENCE_S):
            while len(found := connections.of("development", principal)) < count:  # noqa: ASYNC110 - has no event
                await asyncio.sleep(0)
        return found

    async def quiet(self) -> None:
        """Wait until everything that access has said by now is read."""
        mark = await self.control("pause", "task", "1")
        await self._until(lambda: any(one.seq >= mark for one in self._inputs))

    def _said(self, verb: str) -> list[Input]:
        return [one for one in self._inputs if (one.kind, one.verb) == ("access", verb)]

    def note(self, record: Record) -> None:
        self._inputs.append(read_record(record.seq, record.time_ms, record.subject, record.data))
        self._more.set()

    async def _until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                self._more.clear()
                await self._more.wait()


class Raw:
    """A client that says what it likes to the server, byte by byte."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, info: bytes) -> None:
        self._reader = reader
        self._writer = writer
        self.nonce = str(json.loads(info.removeprefix(b"INFO "))["nonce"])

    async def present(self, **options: Any) -> str:
        """Send CONNECT with these options; return what the server says to it."""
        self.write(f"CONNECT {json.dumps({'verbose': False} | options)}\r\nPING\r\n")
        return await self.line()

    def write(self, text: str) -> None:
        self._writer.write(text.encode())

    async def line(self) -> str:
        """Return the server's next line; empty at the end of the connection."""
        async with asyncio.timeout(PATIENCE_S):
            return (await self._reader.readline()).decode().strip()


@asynccontextmanager
async def raw(url: str, tls: ssl.SSLContext | None = None) -> AsyncGenerator[Raw]:
    """Open a bare connection."""
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    try:
        info = await reader.readline()
        if tls is not None:
            await writer.start_tls(tls, server_hostname=address.hostname)
        yield Raw(reader, writer, info)
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
