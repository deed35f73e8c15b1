"""Three nats-servers on loopback that keep the log together, each record on all of them."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

import msgspec

from interlock.bus import jetstream
from interlock.bus.errors import BusError
from interlock.bus.nats_bus import NatsBus
from interlock.bus.process import Settings, open_bus
from interlock.bus.server import find_binary
from interlock.bus.server_home import write_accounts
from interlock.bus.stream import StreamSettings, ensure_stream
from interlock.console.keyring import admit_all
from interlock.console.processes import SERVICES, Plan, Service, children
from interlock.console.state import StateFolder
from interlock.contracts.subjects import STREAM

PATIENCE_S = 30.0
PERSON = "alice"
MODEL = "offline/extractive"
ACCESS = next(service for service in SERVICES if service.role == "access")
NODES: tuple[str, ...] = ("one", "two", "three")
CONFIGURATION = """\
server_name: {name}
listen: "127.0.0.1:{port}"
jetstream {{ store_dir: "{store}", sync_interval: 100ms }}
cluster {{ name: test, listen: "127.0.0.1:{route}", routes: [{routes}] }}
include "accounts.conf"
"""


class _Leader(msgspec.Struct, frozen=True):
    leader: str = ""


class _Info(msgspec.Struct, frozen=True):
    cluster: _Leader = _Leader()


class Cluster:
    """The servers by name, and where each listens; `plan` is that of the services which they admit."""

    def __init__(self, folder: Path, services: Sequence[Service]) -> None:
        ports = free_ports(2 * len(NODES))
        self.urls = {name: f"nats://127.0.0.1:{port}" for name, port in zip(NODES, ports, strict=False)}
        self._routes = dict(zip(NODES, ports[len(NODES) :], strict=True))
        self._folder = folder
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        state = StateFolder(folder / "state")
        state.make()
        keys = admit_all(state, ((each.name, each.role) for each in services), PERSON)
        write_accounts(state.store, folder / "accounts.conf")
        self.plan = Plan(state=state, url=self.url, docs=(folder / "docs",), model=MODEL, keys=keys)

    async def connect(self, principal: str) -> NatsBus:
        """Return a connection under this name, with its key, as soon as it is admitted."""
        key = self.plan.state.key_file(principal)
        settings = Settings(url=self.url, principal=principal, key_file=key)
        return await open_bus(settings, patience_s=PATIENCE_S)

    @property
    def url(self) -> str:
        """The addresses of all servers."""
        return ",".join(self.urls.values())

    def start(self, name: str) -> None:
        """Start one of the servers."""
        routes = ", ".join(f'"nats://127.0.0.1:{port}"' for port in self._routes.values())
        file = self._folder / f"{name}.conf"
        file.write_text(
            CONFIGURATION.format(
                name=name,
                port=self.urls[name].rsplit(":", 1)[-1],
                store=self._folder / name,
                route=self._routes[name],
                routes=routes,
            )
        )
        self._run(name, (str(find_binary()), "-c", str(file)), {})

    def admit(self) -> None:
        """Start the service that admits whoever has a key."""
        (access,) = children(self.plan, os.environ, (ACCESS,))
        self._run(access.name, access.command, access.environment)

    def kill(self, name: str) -> None:
        """End one of them as a crash would."""
        self._running[name].send_signal(signal.SIGKILL)
        self._running.pop(name).wait()

    def stop(self) -> None:
        """End them all."""
        for running in self._running.values():
            running.kill()
            running.wait()

    def _run(self, name: str, command: Sequence[str], environment: dict[str, str]) -> None:
        with (self._folder / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(command, env=environment, stdout=log, stderr=log)

    async def leader(self, bus: NatsBus) -> str:
        """Return which server leads the stream."""
        info = await jetstream.call(bus.requests, f"STREAM.INFO.{STREAM}", b"", _Info)
        return info.cluster.leader


@contextlib.asynccontextmanager
async def clustered(folder: Path, services: Sequence[Service]) -> AsyncGenerator[Cluster]:
    """Start a cluster that admits the services, with an empty log on all three servers."""
    cluster = Cluster(folder, services)
    try:
        for name in NODES:
            cluster.start(name)
        async with asyncio.timeout(PATIENCE_S):
            await _listening(cluster)
            cluster.admit()
            await _make_log(cluster)
        yield cluster
    finally:
        cluster.stop()


async def _listening(cluster: Cluster) -> None:
    """Wait until all servers take connections."""
    for url in cluster.urls.values():
        while True:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", int(url.rsplit(":", 1)[-1]))
                writer.close()
                break


async def _make_log(cluster: Cluster) -> None:
    """Wait until the servers have found each other and made the log."""
    bus = await cluster.connect("supervisor-1")
    while True:
        with contextlib.suppress(BusError):
            await ensure_stream(bus, StreamSettings(replicas=len(NODES)))
            break
    await bus.close()


def free_ports(number: int) -> list[int]:
    """Return ports that nobody listens on."""
    sockets = [socket.socket() for _ in range(number)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()
