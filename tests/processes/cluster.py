"""Three nats-servers on loopback that keep the log together, each record on all of them."""

import asyncio
import contextlib
import signal
import socket
import subprocess
from collections.abc import AsyncGenerator
from pathlib import Path

import msgspec

from interlock.bus import jetstream
from interlock.bus.errors import BusError
from interlock.bus.nats_bus import NatsBus, connect
from interlock.bus.server import find_binary
from interlock.bus.stream import StreamSettings, ensure_stream
from interlock.contracts.subjects import STREAM

PATIENCE_S = 30.0
NODES: tuple[str, ...] = ("one", "two", "three")
CONFIGURATION = """\
server_name: {name}
listen: "127.0.0.1:{port}"
jetstream {{ store_dir: "{store}", sync_interval: 100ms }}
cluster {{ name: test, listen: "127.0.0.1:{route}", routes: [{routes}] }}
"""


class _Leader(msgspec.Struct, frozen=True):
    leader: str = ""


class _Info(msgspec.Struct, frozen=True):
    cluster: _Leader = _Leader()


class Cluster:
    """The servers by name, and where each listens."""

    def __init__(self, folder: Path) -> None:
        ports = free_ports(2 * len(NODES))
        self.urls = {name: f"nats://127.0.0.1:{port}" for name, port in zip(NODES, ports, strict=False)}
        self._routes = dict(zip(NODES, ports[len(NODES) :], strict=True))
        self._folder = folder
        self._running: dict[str, subprocess.Popen[bytes]] = {}

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
        with (self._folder / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen([find_binary(), "-c", file], stdout=log, stderr=log)

    def kill(self, name: str) -> None:
        """End one of them as a crash would."""
        self._running[name].send_signal(signal.SIGKILL)
        self._running.pop(name).wait()

    def stop(self) -> None:
        for running in self._running.values():
            running.kill()
            running.wait()

    async def leader(self, bus: NatsBus) -> str:
        """Return which server leads the stream."""
        info = await jetstream.call(bus.requests, f"STREAM.INFO.{STREAM}", b"", _Info)
        return info.cluster.leader


@contextlib.asynccontextmanager
async def clustered(folder: Path) -> AsyncGenerator[Cluster]:
    """Start a cluster with an empty log on all three servers."""
    cluster = Cluster(folder)
    try:
        for name in NODES:
            cluster.start(name)
        await _ready(cluster)
        yield cluster
    finally:
        cluster.stop()


async def _ready(cluster: Cluster) -> None:
    """Wait until the servers have found each other and made the log."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            with contextlib.suppress(BusError):
                bus = await connect(cluster.url, "supervisor-0")
                try:
                    await ensure_stream(bus, StreamSettings(replicas=len(NODES)))
                    return
                finally:
                    await bus.close()
            await asyncio.sleep(0)


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
