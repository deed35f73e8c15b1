"""An environment whose agents are killed: everybody that `interlock up` starts, but with these agents.

Every process is separate and started by the guard; the log is a file. What is measured there is not known
here.
"""

import asyncio
import os
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from interlock.bus.identity import load
from interlock.bus.nats_bus import NatsBus, connect
from interlock.console import embedded
from interlock.console.embedded import EmbeddedServer
from interlock.console.keyring import admit_all
from interlock.console.launcher import Launcher
from interlock.console.local import joined
from interlock.console.processes import GUARD, SERVICES, Plan, Service, children, guard
from interlock.console.state import StateFolder
from interlock.supervisor.guard.intensity import Intensity

PERSON = "operator"
SUPERVISOR = "supervisor-1"
HELD, FREE = "openai/held", '[models."openai/held"]\nprice = "free"\n'
START_LIMIT_S = 120.0
OFTEN = Intensity(restarts=1_000)
OURS = {"PYTHONPATH": str(Path(__file__).parents[2])}
"""Where Python finds the modules of the bench."""


class Cast(msgspec.Struct, frozen=True):
    """Who plays beside those who govern: agents, and so many effect workers with this model.

    `port` is where that model answers, if it is one that answers over HTTP.
    """

    agents: Sequence[Service]
    workers: int = 1
    model: str = HELD
    port: int = 0

    @property
    def services(self) -> tuple[Service, ...]:
        """All processes, as the console describes them."""
        worker = next(service for service in SERVICES if service.role == "effects")
        return (
            *(service for service in SERVICES if service.role in {"access", "supervisor"}),
            *(worker._replace(name=f"effects-{number}") for number in range(1, self.workers + 1)),
            *self.agents,
        )


class Stage(msgspec.Struct, frozen=True):
    """The environment that runs: a person's connection to it, and the processes."""

    bus: NatsBus
    launcher: Launcher

    def pid(self, name: str) -> int:
        """Return the process that has a name now."""
        return self.launcher.pids[name]


def agent(name: str, role: str, *module: str) -> Service:
    """Return an agent of the bench's own."""
    return Service(name, "agent", module, 3, charter=role, knows=OURS)


@asynccontextmanager
async def stage(cast: Cast) -> AsyncGenerator[Stage]:
    """Start everybody, and end everybody."""
    with TemporaryDirectory(prefix="interlock-bench-") as name:
        folder = StateFolder(Path(name))
        folder.make()
        roles = [(GUARD, "guard"), *((service.name, service.role) for service in cast.services)]
        # A server is closed only where somebody is enrolled when it starts.
        keys = admit_all(folder, roles, PERSON)
        server = await embedded.start(folder.store, 0)
        try:
            launcher = _launcher(cast, folder, keys, server)
            try:
                await launcher.start()
                async with _person(folder, server.url, cast) as bus:
                    yield Stage(bus, launcher)
            finally:
                await launcher.stop()
        finally:
            await server.stop()


def _launcher(cast: Cast, folder: StateFolder, keys: Mapping[str, Path], server: EmbeddedServer) -> Launcher:
    plan = Plan(state=folder, url=server.url, docs=(), model=cast.model, keys=keys)
    prices = folder.root / "prices.toml"
    prices.write_text(FREE)
    known = os.environ | {"INTERLOCK_PRICES": str(prices)}
    if cast.port:
        known |= {"OPENAI_BASE_URL": f"http://127.0.0.1:{cast.port}/v1"}
    return Launcher(guard(plan, known), children(plan, known, cast.services), intensity=OFTEN, beside=server)


@asynccontextmanager
async def _person(folder: StateFolder, url: str, cast: Cast) -> AsyncGenerator[NatsBus]:
    bus = await connect(url, PERSON, key=load(folder.key_file(PERSON)).seed)
    async with asyncio.timeout(START_LIMIT_S):
        await joined(bus, frozenset(service.name for service in cast.services if service.joins))
    yield bus
    await bus.close()
