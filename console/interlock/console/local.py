"""A whole local environment: server, log, processes, and the note that says where they are.

Everything starts at once and stops in reverse, the server last.
"""

import asyncio
import contextlib
import os
from collections.abc import AsyncGenerator, Generator, Sequence
from pathlib import Path

import msgspec

from interlock.bus.clock import now_ms
from interlock.bus.errors import ServerFailed
from interlock.bus.jetstream import Refusal
from interlock.bus.nats_bus import NatsBus
from interlock.bus.ports import OnRecord, Record, Subscription
from interlock.console import embedded
from interlock.console.embedded import EmbeddedServer
from interlock.console.endings import to_the_end
from interlock.console.environment import Reach, connected, reach_local
from interlock.console.errors import GaveUp, NotRunning
from interlock.console.keyring import admit_all
from interlock.console.launcher import Launcher
from interlock.console.output import say
from interlock.console.processes import GUARD, NOTIFIER, SERVICES, Plan, Service, children, guard
from interlock.console.records import records_in
from interlock.console.state import PRIVATE_SLOTS, ServerFile, StateFolder
from interlock.contracts import facts as f
from interlock.contracts.decision import Decision
from interlock.contracts.message import decode
from interlock.contracts.subjects import FLEET_DECISIONS
from interlock.supervisor.guard.intensity import Intensity

LOOK_S = 0.05
# The service that admits is ready by now; a server that was just started again may take a moment.
OPEN_DOOR_S = 10.0
JOINED = (f.AgentJoined, f.EffectsJoined, f.AccessJoined, f.GuardJoined)


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What the local environment shall be: `port` 0 is any free one; `private` serves one `interlock run`.

    `limits` is the file that says the limits which tasks share, and is followed; `channels` is the file that
    says whom to tell outside.
    """

    docs: tuple[Path, ...]
    model: str
    person: str
    port: int = 0
    private: bool = False
    limits: Path | None = None
    channels: Path | None = None


class Local:
    """A local environment that runs."""

    def __init__(
        self, state: StateFolder, note: ServerFile, server: EmbeddedServer, launcher: Launcher
    ) -> None:
        self.state = state
        self.note = note
        self.server = server
        self.launcher = launcher

    async def failed(self) -> GaveUp:
        """Wait until it cannot go on; the answer says why."""
        return await self.launcher.failed()


@contextlib.contextmanager
def held(state: StateFolder) -> Generator[StateFolder]:
    """Hold a state folder; raises NotRunning when another environment runs there."""
    state.make()
    with state.held() as taken:
        if not taken:
            server = state.running()
            where = f" at {server.url} (process {server.pid})" if server else ""
            raise NotRunning(
                f"another environment runs in {state.root}{where}; stop it, or name another: --state DIR"
            )
        yield state


@contextlib.contextmanager
def held_private(state: StateFolder) -> Generator[StateFolder]:
    """Hold the state folder, or when it is taken, the first free one for private environments beside it."""
    for candidate in (state, *(state.private(slot) for slot in range(1, PRIVATE_SLOTS + 1))):
        candidate.make()
        with candidate.held() as taken:
            if taken:
                yield candidate
                return
    raise NotRunning(
        f"{PRIVATE_SLOTS} runs are under way in {state.root} already; wait for one, or use --state DIR"
    )


@contextlib.asynccontextmanager
async def started(
    state: StateFolder, wish: Wish, environment: dict[str, str], services: Sequence[Service] = SERVICES
) -> AsyncGenerator[Local]:
    """Start an environment in a folder that this process holds, and stop it when the context ends."""
    if wish.channels is not None:
        services = (*services, NOTIFIER)
    roles = {GUARD: "guard", **{service.name: service.role for service in services}}
    keys = admit_all(state, roles.items(), wish.person)
    with records_in(state.logs / "console.log"):
        server = await embedded.start(state.store, wish.port)
        try:
            plan = Plan(
                state=state,
                url=server.url,
                docs=wish.docs,
                model=wish.model,
                keys=keys,
                channels=wish.channels,
            )
            launcher = Launcher(
                guard(plan, environment), children(plan, environment, services), beside=server
            )
            async with _running(state, wish, server, launcher) as local:
                yield local
        finally:
            await to_the_end(server.stop())


@contextlib.asynccontextmanager
async def _running(
    state: StateFolder, wish: Wish, server: EmbeddedServer, launcher: Launcher
) -> AsyncGenerator[Local]:
    """Start the processes and say where they are; stop them when the context ends."""
    keeper = asyncio.create_task(_keep_server(server, launcher))
    try:
        note = _note(server.url, wish)
        reach = reach_local(state, note, wish.person)
        await _start(launcher, reach)
        async with _limited(reach, wish):
            state.write_server(note)
            yield Local(state, note, server, launcher)
    finally:
        state.forget_server()
        await to_the_end(launcher.stop())
        keeper.cancel()


@contextlib.asynccontextmanager
async def _limited(reach: Reach, wish: Wish) -> AsyncGenerator[None]:
    """Let the limits file hold before anybody can hand in a task."""
    if wish.limits is None:
        yield
        return
    # Most environments get no file of limits, and pydantic needs 130 ms and 9 MB to load.
    from interlock.console.budgets.watch import watched  # noqa: PLC0415 - for that reason

    async with watched(reach, wish.limits, say):
        yield


async def _start(launcher: Launcher, reach: Reach) -> None:
    since_ms = now_ms()
    await launcher.start()
    if launcher.held:
        say(f"not started, for a kill holds them: {', '.join(sorted(launcher.held))}")
    async with connected(reach, patience_s=OPEN_DOOR_S) as bus:
        await launcher.ready(lambda names: joined(bus, names, since_ms=since_ms))


async def _keep_server(server: EmbeddedServer, launcher: Launcher) -> None:
    try:
        reason = await server.keep(Intensity())
    except ServerFailed as error:
        reason = str(error)
    if reason:
        launcher.give_up(f"{reason}, everything is stopped")


def _note(url: str, wish: Wish) -> ServerFile:
    return ServerFile(
        url=url,
        pid=os.getpid(),
        started_ms=now_ms(),
        docs=tuple(map(str, wish.docs)),
        model=wish.model,
        private=wish.private,
    )


async def joined(bus: NatsBus, names: frozenset[str], *, since_ms: int = 0) -> None:
    """Wait until the supervisor has decided, not before `since_ms`, that all of `names` are there."""
    missing = set(names)
    all_there = asyncio.Event()

    async def on_record(record: Record) -> None:
        decision = decode(Decision, record.data)
        for fact in decision.facts if decision.at_ms >= since_ms else ():
            if isinstance(fact, JOINED):
                missing.discard(fact.principal)
        if not missing:
            all_there.set()

    subscription = await _follow_fleet(bus, on_record)
    try:
        await all_there.wait()
    finally:
        await subscription.stop()


async def _follow_fleet(bus: NatsBus, on_record: OnRecord) -> Subscription:
    """Follow as soon as there is a log; the caller bounds the wait."""
    while True:
        try:
            return await bus.follow([FLEET_DECISIONS], on_record)
        except Refusal:
            await asyncio.sleep(LOOK_S)
