"""Who is cut off: brings the live table, the switches and the directory together, and has connections ended.

It must not know how anybody is admitted. Who was admitted a moment before a kill, or by a service that had
not heard of it, is found when the server tells that the connection stands.
"""

from collections.abc import Callable, Mapping
from hashlib import blake2b

from interlock.bus.clock import now_ms
from interlock.bus.logs import log
from interlock.contracts.facts import AgentCondemned
from interlock.contracts.message import line
from interlock.contracts.observed import ConnectionEnded
from interlock.contracts.scope import Scope
from interlock.supervisor.access.connections import Connections, Live, Place
from interlock.supervisor.access.directory import Cut, Directory, is_agent, is_revoked, is_watched, proofs_of
from interlock.supervisor.access.environment import Environment
from interlock.supervisor.access.pace import KeptOut
from interlock.supervisor.access.system import Ended, Standing

# Between the clock of a server and that of a supervisor; less than a process needs to be started again.
SKEW_US = 150_000
MOST_CONDEMNED = 4_096
NEVER_US = -1
ID_BYTES = 16
KICKED = "Kicked"
GONE = "it was not there any more when the server was asked"


class Cutting:
    """`kick` has a connection ended, `look_up(environment, principal)` asks the servers for connections.

    `refused` is told of connections that any access service has refused, `flooded` of an agent's that sent
    too much. `secret` is known to access services alone.
    """

    def __init__(
        self,
        environments: Mapping[str, Environment],
        directory: Directory,
        accounts: Mapping[str, str],
        secret: bytes,
    ) -> None:
        self.connections = Connections()
        self.directory = directory
        self.kick: Callable[[Place], None] = _nowhere
        self.look_up: Callable[[str, str], None] = _nobody
        self.refused: Callable[[Place], None] = _nowhere
        self.flooded: Callable[[Live, str], None] = _unheard
        self.kept_out = KeptOut()
        self._environments = environments
        self._accounts = accounts
        self._secret = secret
        self._condemned: dict[tuple[str, str], int] = {}
        self._silent: frozenset[str] = frozenset()

    def killed(self, environment: str, scope: Scope) -> None:
        """End the connections of all agents in this scope whom a kill keeps out now."""
        names = (scope.name,) if scope.kind == "agent" else self.connections.principals(environment)
        for name in names:
            for live in self.connections.of(environment, name):
                self._cut_if_unwelcome(live)

    def condemned(self, environment: str, fact: AgentCondemned) -> None:
        """End the connections of this one life; a process that was started since is another."""
        if len(self._condemned) >= MOST_CONDEMNED:
            del self._condemned[next(iter(self._condemned))]
        self._condemned[environment, fact.principal] = fact.at_ms * 1_000 + SKEW_US
        for live in self.connections.of(environment, fact.principal):
            self._cut_if_unwelcome(live)

    def too_fast(self, place: Place, pace: str) -> None:
        """End the connections of an agent that sends more than anybody needs, and keep it out for a while."""
        live = self.connections.at(place)
        principal = None if live is None else self.directory.get(live.principal)
        if live is None or principal is None or not is_agent(principal):
            return
        self.flooded(live, pace)
        self.kept_out.add(live.environment, live.principal, now_ms())
        for one in self.connections.of(live.environment, live.principal):
            self._cut(one, pace)

    def keeps_out(self, environment: str, agent: str) -> str:
        """Return why an agent may not come in now, or nothing."""
        known = self._environments.get(environment)
        why = known.keeps_out(agent) if known is not None else ""
        return why or self.kept_out.why(environment, agent, now_ms())

    def changed(self, directory: Directory, cuts: list[Cut]) -> None:
        """Take a new directory, and end the connections that it ends."""
        self.directory = directory
        for cut in cuts:
            for live in self.connections.of(cut.environment, cut.principal):
                if live.proof not in cut.but:
                    self._cut(live, cut.reason)

    def failed(self, place: Place) -> None:
        """Ask the servers again about whom a kick did not end: it may stand, or have just ended by itself."""
        live = self.connections.at(place)
        if live is not None:
            self.look_up(live.environment, live.principal)

    def stands(self, connection: Standing) -> None:
        """Take a connection that stands; who may not be there any more is cut off."""
        environment = self._accounts.get(connection.account)
        if environment is None:
            return
        principal = self.directory.get(connection.user)
        watched = principal is not None and is_watched(principal)
        live = self.connections.stands(
            connection.place, environment, connection.user, connection.started_us, watched=watched
        )
        if live is None and self.connections.was_kicked(connection.place):
            live = self.connections.at(connection.place)
        if live is not None:
            self._cut_if_unwelcome(live)

    def ended(self, connection: Ended) -> None:
        """Take the end of a connection, and tell the log of it."""
        live = self.connections.ended(connection.place)
        if live is not None:
            self._tell(live, connection.ended_us, connection.reason)

    def turned_away(self, place: Place) -> None:
        """Take a connection that an access service has refused."""
        self.refused(place)

    def surveyed(self, server: str, standing: frozenset[int], begun: int, at_us: int) -> None:
        """Take a server's whole list: what it does not hold has ended while nobody was told."""
        self._silent -= {server}
        for live in self.connections.missing(server, standing, begun):
            self.connections.ended(live.place)
            self._tell(live, at_us, GONE)

    def silent(self, answered: frozenset[str]) -> bool:
        """Forget the connections of a server that is silent twice: nobody sees how they end.

        Returns whether one is silent for the first time.
        """
        silent = self.connections.servers() - answered
        for server in silent & self._silent:
            log.warning("server_silent", server=server, forgotten=self.connections.forget_server(server))
        self._silent = frozenset(silent - self._silent)
        return bool(self._silent)

    def _tell(self, live: Live, ended_us: int, reason: str) -> None:
        if not live.watched:
            return
        server, cid = live.place
        ended = ConnectionEnded(
            principal=live.principal,
            kicked=reason == KICKED or self.connections.was_kicked(live.place),
            clients=len(self.connections.of(live.environment, live.principal)),
            ended_us=ended_us,
            reason=line(reason),
        )
        # Of several services that see it, one is enough; nobody else can guess the id, and use it up.
        name = blake2b(f"{server}.{cid}".encode(), key=self._secret, digest_size=ID_BYTES).hexdigest()
        self._environments[live.environment].voice.say("ended", ended, message_id=name)

    def _cut_if_unwelcome(self, live: Live) -> None:
        reason = self._unwelcome(live)
        if reason:
            self._cut(live, reason)

    def _unwelcome(self, live: Live) -> str:
        """Return why a connection may not stand, or nothing."""
        if live.started_us <= self._condemned.get((live.environment, live.principal), NEVER_US):
            return "this life of the agent has been condemned"
        principal, at_ms = self.directory.get(live.principal), now_ms()
        if principal is None:
            return ""
        if is_revoked(principal, at_ms):
            return "this principal has been revoked"
        if live.proof and live.proof not in proofs_of(principal, at_ms):
            return "this key has been retired"
        return self._environments[live.environment].kill_over(live.principal) if is_agent(principal) else ""

    def _cut(self, live: Live, reason: str) -> None:
        if not self.connections.was_kicked(live.place):
            log.info(
                "cut", environment=live.environment, who=live.principal, cid=live.place[1], reason=reason
            )
        self.connections.kicked(live.place)
        self.kick(live.place)


def _nowhere(_place: Place) -> None:
    return


def _unheard(_live: Live, _pace: str) -> None:
    return


def _nobody(_environment: str, _principal: str) -> None:
    return
