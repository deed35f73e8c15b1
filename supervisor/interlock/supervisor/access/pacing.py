"""Asks the servers, second by second, how much each connection has sent. It must not know what is too much.

Source: https://docs.nats.io/running-a-nats-service/configuration/sys_accounts (CONNZ).
"""

import asyncio
from collections.abc import Callable
from datetime import datetime

import msgspec

from interlock.bus.connection import Connection
from interlock.bus.requests import status_of
from interlock.bus.wired import Wired
from interlock.supervisor.access.connections import Place
from interlock.supervisor.access.pace import LOOK_S, Count, Pace

MOST_LISTED = 4_096
MOST_SERVERS = 64
_ASKED_ON = "$SYS.REQ.SERVER.PING.CONNZ"


class _Listed(msgspec.Struct, frozen=True):
    cid: int
    in_msgs: int = 0
    in_bytes: int = 0


class _List(msgspec.Struct, frozen=True):
    now: datetime
    connections: list[_Listed] = []


class _Server(msgspec.Struct, frozen=True):
    id: str


class _Answer(msgspec.Struct, frozen=True):
    server: _Server
    data: _List | None = None


class _Wish(msgspec.Struct, frozen=True):
    limit: int = MOST_LISTED


_answer = msgspec.json.Decoder(_Answer).decode


class Pacing:
    """Calls `too_fast(place, pace)` for each connection that is, while it is."""

    def __init__(self, connection: Connection, too_fast: Callable[[Place, str], None]) -> None:
        self._connection = connection
        self._too_fast = too_fast
        self._inbox = connection.inbox()
        self._paces: dict[str, Pace] = {}
        self._next: asyncio.TimerHandle | None = None

    async def start(self) -> None:
        """Begin to ask."""
        await self._connection.hear(self._inbox, self._on_answer)
        self._ask()

    def stop(self) -> None:
        """Ask no more."""
        if self._next is not None:
            self._next.cancel()

    def _ask(self) -> None:
        self._next = asyncio.get_running_loop().call_later(LOOK_S, self._ask)
        if self._connection.up:
            self._connection.publish(_ASKED_ON, msgspec.json.encode(_Wish()), self._inbox)

    def _on_answer(self, message: Wired) -> None:
        if status_of(message):
            return
        answer = _answer(message.data)
        if answer.data is None:
            return
        server, at = answer.server.id, answer.data.now
        if server not in self._paces and len(self._paces) >= MOST_SERVERS:
            self._paces.clear()
        at_us = int(at.timestamp()) * 1_000_000 + at.microsecond
        counts = [
            Count((server, one.cid), one.in_msgs, one.in_bytes, at_us) for one in answer.data.connections
        ]
        for place, pace in self._paces.setdefault(server, Pace()).look(counts):
            self._too_fast(place, pace)
