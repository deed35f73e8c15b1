"""The access service: puts its parts together, on the system account and in every environment.

Switches are known before agents are admitted, events are heard before connections are asked for, and it
answers only when all of that stands. It must not know how any part does its work.
"""

from collections.abc import Mapping
from functools import partial
from socket import gethostname

from interlock.bus.accounts import ASKED_ON, account, environments
from interlock.bus.clock import now_ms
from interlock.bus.nats_bus import NatsBus, connect
from interlock.bus.principals import Principals
from interlock.bus.process import Settings
from interlock.bus.server_keys import ServerKeys
from interlock.bus.tls import client_context
from interlock.supervisor.access.attempts import Attempts
from interlock.supervisor.access.callout import Believer, Callout
from interlock.supervisor.access.connections import Live
from interlock.supervisor.access.cutting import Cutting
from interlock.supervisor.access.directory import Cut, Directory
from interlock.supervisor.access.environment import Environment
from interlock.supervisor.access.kicks import Kicks
from interlock.supervisor.access.pacing import Pacing
from interlock.supervisor.access.server_log import ServerLog
from interlock.supervisor.access.settings import AccessSettings
from interlock.supervisor.access.system import System
from interlock.supervisor.access.violations import Attempt
from interlock.supervisor.access.voice import Voice
from interlock.supervisor.access.watched_directory import WatchedDirectory

# Of several services, one answers each question.
QUEUE = "interlock-access"
# After a server's restart it has to be there before all whom it admits: the server asks once, and they wait.
RETRY_S = 0.05


class Access:
    """One life of the service, between `start` and `stop`."""

    def __init__(self, settings: AccessSettings, bus: Settings, incarnation: str) -> None:
        self._settings = settings
        self._principal = bus.principal
        self._connect = partial(
            connect,
            bus.url,
            bus.principal,
            tls=client_context(bus.tls) if bus.tls else None,
            retry_s=RETRY_S,
        )
        self._incarnation = incarnation
        self._keys = ServerKeys(settings.directory)
        self._directory = WatchedDirectory(Principals(settings.directory))
        names = environments(self._directory.now.principals)
        self._accounts: Mapping[str, str] = {account(name): name for name in names}
        self._environments: dict[str, Environment] = {}
        secret = self._keys.issuer.seed.encode()
        self.cutting = Cutting(self._environments, self._directory.now, self._accounts, secret)
        log_file = ServerLog(settings.server_log) if settings.server_log else None
        self._attempts = Attempts(self._environments, self._accounts, log_file)
        self._bus: NatsBus | None = None
        self.system: System | None = None
        self._parts: list[System | Kicks | Callout | Pacing] = []

    async def start(self) -> None:
        """Begin to admit; raises BusError, or AccessError for settings that cannot be used."""
        tokens = _make_believer(self._settings)
        issuer = self._keys.issuer
        for name in self._accounts.values():
            self._environments[name] = await self._environment(name)
        for environment in self._environments.values():
            await environment.start()
        self._bus = bus = await self._connect(key=self._keys.system.seed)
        connection = bus.connection
        kicks = Kicks(connection, self.cutting.failed)
        self.system = system = System(connection, self.cutting, self.cutting.connections.begin_round)
        callout = Callout(
            issuer, self._environments, self.cutting, self._attempts, tokens, connection.publish
        )
        pacing = Pacing(connection, self.cutting.too_fast)
        self._parts = [callout, system, kicks, pacing]
        self.cutting.kick = kicks.kick
        self.cutting.look_up = lambda name, principal: system.look_up(account(name), principal)
        self.cutting.refused = self._attempts.turned_away
        self.cutting.flooded = self._flooded
        await kicks.start()
        await system.start()
        await pacing.start()
        await connection.hear(ASKED_ON, callout.asked, queue=QUEUE)
        self._directory.watch(self._changed)
        self._attempts.start()

    async def stop(self) -> None:
        """Admit nobody more, say bye everywhere, and end all connections."""
        for part in self._parts:
            part.stop()
        await self._directory.stop()
        await self._attempts.stop()
        for environment in self._environments.values():
            await environment.stop()
        if self._bus is not None:
            await self._bus.close()

    def _changed(self, directory: Directory, cuts: list[Cut]) -> None:
        self.cutting.changed(directory, cuts)
        at_ms = now_ms()
        for environment in self._environments.values():
            environment.changed(directory, at_ms)

    def _flooded(self, live: Live, pace: str) -> None:
        self._attempts.noted(Attempt(live.environment, live.principal, "flood", "too much at once", pace))

    async def _environment(self, name: str) -> Environment:
        key = self._keys.access(self._principal, name).seed
        bus = await self._connect(key=key)
        voice = Voice(name, bus, self._incarnation, gethostname())
        return Environment(name, bus, voice, self.cutting)


def _make_believer(settings: AccessSettings) -> Believer | None:
    if settings.oidc is None:
        return None
    # What verifies tokens is loaded only where people come with them.
    from interlock.supervisor.access.oidc import read_oidc  # noqa: PLC0415 - for that reason
    from interlock.supervisor.access.tokens import make_tokens  # noqa: PLC0415 - for that reason

    return make_tokens(read_oidc(settings.oidc))
