"""What the servers tell the system account: connections that stand and end, as it happens and on request.

It must not know what follows. Source: https://docs.nats.io/running-a-nats-service/configuration/sys_accounts
(CONNECT and DISCONNECT events, CONNZ).
"""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

import msgspec

from interlock.bus.connection import Connection
from interlock.bus.logs import log
from interlock.bus.requests import status_of
from interlock.bus.wired import Wired
from interlock.supervisor.access.connections import Place

PAGE = 1_024
# Connections that end between two pages move the others up: so many may, and none is overlooked.
OVERLAP = 64
ANSWER_S = 2.0
# What was missed for any reason is noticed at the latest by then.
SURVEY_EVERY_S = 30.0

_REFUSED = "Auth callout service returned an error"


class _Server(msgspec.Struct, frozen=True):
    id: str


class _Client(msgspec.Struct, frozen=True):
    id: int
    acc: str = ""
    user: str = ""
    start: datetime | None = None
    stop: datetime | None = None


class _Event(msgspec.Struct, frozen=True):
    server: _Server
    client: _Client
    reason: str = ""


class _Listed(msgspec.Struct, frozen=True):
    cid: int
    account: str = ""
    authorized_user: str = ""
    start: datetime | None = None


class _List(msgspec.Struct, frozen=True):
    now: datetime
    total: int = 0
    offset: int = 0
    connections: list[_Listed] = []


class _ListAnswer(msgspec.Struct, frozen=True):
    server: _Server
    data: _List | None = None


class _Wish(msgspec.Struct, frozen=True):
    auth: bool = True
    sort: str = "cid"
    limit: int = PAGE
    offset: int = 0
    acc: str = ""
    user: str = ""


class Standing(msgspec.Struct, frozen=True):
    """A connection that a server knows."""

    place: Place
    account: str
    user: str
    started_us: int


class Ended(msgspec.Struct, frozen=True):
    """A connection that a server has ended, when by its clock, and why in its words."""

    place: Place
    account: str
    user: str
    ended_us: int
    reason: str


class Listener(Protocol):
    """Whoever is told; all calls are short and synchronous."""

    def stands(self, connection: Standing) -> None:
        """Take a connection that stands; the same one may come twice."""
        ...

    def ended(self, connection: Ended) -> None:
        """Take the end of a connection, which need not have been known."""
        ...

    def turned_away(self, place: Place) -> None:
        """Take a connection that an access service, this one or another, has refused."""
        ...

    def surveyed(self, server: str, standing: frozenset[int], begun: int, at_us: int) -> None:
        """Take a server's whole list: a survey of all servers that was begun under this number."""
        ...

    def silent(self, answered: frozenset[str]) -> bool:
        """Take which servers have answered to a survey at all; return whether to ask again at once."""
        ...


_event = msgspec.json.Decoder(_Event).decode
_answer = msgspec.json.Decoder(_ListAnswer).decode


class System:
    """The system account's view of the servers."""

    def __init__(self, connection: Connection, listener: Listener, begin: Callable[[], int]) -> None:
        self._connection = connection
        self._listener = listener
        self._begin = begin
        self._inbox = f"{connection.inbox()}."
        self._loop = asyncio.get_running_loop()
        self._begun = 0
        self._found: dict[str, set[int]] = {}
        self._next: asyncio.TimerHandle | None = None

    async def start(self) -> None:
        """Hear what happens from now on, and ask what stands."""
        await self._connection.hear(self._inbox + "*", self._on_list)
        await self._connection.hear("$SYS.ACCOUNT.*.CONNECT", self._on_connect)
        await self._connection.hear("$SYS.ACCOUNT.*.DISCONNECT", self._on_disconnect)
        await self._connection.hear("$SYS.ACCOUNT.CLIENT.AUTH.ERR", self._on_refusal)
        self._connection.watchers.add(self)
        self.survey()

    def stop(self) -> None:
        """Ask for nothing more."""
        self._connection.watchers.discard(self)
        if self._next is not None:
            self._next.cancel()

    def survey(self) -> None:
        """Ask all servers for all connections; the answers come later."""
        if self._next is not None:
            self._next.cancel()
        self._begun = self._begin()
        self._found = {}
        self._ask("PING", _Wish(), str(self._begun))
        self._next = self._loop.call_later(ANSWER_S, self._on_survey_over)

    def look_up(self, account: str, user: str) -> None:
        """Ask all servers for the connections of one principal; they come as standing."""
        self._ask("PING", _Wish(acc=account, user=user), "0")

    def lost(self) -> None:
        """Nothing to do: what is missed is asked for afterwards."""

    def restored(self) -> None:
        """Ask what has happened meanwhile."""
        self.survey()

    def refused(self, subject: str) -> None:
        """Say that the system account's user may not do what it is for."""
        log.error("system_account_refused", subject=subject)

    def _ask(self, server: str, wish: _Wish, token: str) -> None:
        subject = f"$SYS.REQ.SERVER.{server}.CONNZ"
        self._connection.publish(subject, msgspec.json.encode(wish), self._inbox + token)

    def _on_connect(self, message: Wired) -> None:
        event = _event(message.data)
        client = event.client
        place = event.server.id, client.id
        self._listener.stands(Standing(place, client.acc, client.user, _us(client.start)))

    def _on_disconnect(self, message: Wired) -> None:
        event = _event(message.data)
        client = event.client
        place = event.server.id, client.id
        self._listener.ended(Ended(place, client.acc, client.user, _us(client.stop), event.reason))

    def _on_refusal(self, message: Wired) -> None:
        event = _event(message.data)
        if event.reason.startswith(_REFUSED):
            self._listener.turned_away((event.server.id, event.client.id))

    def _on_list(self, message: Wired) -> None:
        if status_of(message):
            return
        answer = _answer(message.data)
        if answer.data is None:
            return
        listed, server = answer.data, answer.server.id
        for one in listed.connections:
            self._listener.stands(
                Standing((server, one.cid), one.account, one.authorized_user, _us(one.start))
            )
        if message.subject == f"{self._inbox}{self._begun}":
            self._on_page(server, listed)

    def _on_page(self, server: str, listed: _List) -> None:
        found = self._found.setdefault(server, set())
        found.update(one.cid for one in listed.connections)
        read = listed.offset + len(listed.connections)
        if read < listed.total and listed.connections:
            self._ask(server, _Wish(offset=max(read - OVERLAP, listed.offset + 1)), str(self._begun))
            return
        self._listener.surveyed(server, frozenset(found), self._begun, _us(listed.now))

    def _on_survey_over(self) -> None:
        again = self._listener.silent(frozenset(self._found))
        self._next = self._loop.call_later(0 if again else SURVEY_EVERY_S, self.survey)


def _us(moment: datetime | None) -> int:
    return int(moment.timestamp()) * 1_000_000 + moment.microsecond if moment else 0
