"""Has the servers end connections: many at once, each asked for until the server has answered.

A server answers when it has ended the connection, or does not know it. It must not know why anybody is
kicked. Source: `$SYS.REQ.SERVER.<id>.KICK` of nats-server 2.10 and newer, by the system account alone.
"""

import asyncio
from collections.abc import Callable

import msgspec

from interlock.bus.connection import Connection
from interlock.bus.logs import log
from interlock.bus.requests import status_of
from interlock.bus.wired import Wired
from interlock.supervisor.access.connections import Place

MOST_IN_FLIGHT = 256
MOST_WAITING = 65_536
ANSWER_S = 1.0
MOST_TRIES = 3


class _Answer(msgspec.Struct, frozen=True):
    error: object = None


class _Kick(msgspec.Struct):
    place: Place
    tries: int = 0
    timer: asyncio.TimerHandle | None = None


_decode = msgspec.json.Decoder(_Answer).decode


class Kicks:
    """All kicks that are on their way; `failed(place)` is called for one that did not do it."""

    def __init__(self, connection: Connection, failed: Callable[[Place], None]) -> None:
        self._connection = connection
        self._failed = failed
        self._inbox = f"{connection.inbox()}."
        self._loop = asyncio.get_running_loop()
        self._last_token = 0
        self._open: dict[int, _Kick] = {}
        self._waiting: dict[Place, None] = {}
        self._wanted: set[Place] = set()

    async def start(self) -> None:
        """Listen for the servers' answers."""
        await self._connection.hear(self._inbox + "*", self._on_answer)

    @property
    def in_flight(self) -> int:
        """How many servers have been asked and have not answered."""
        return len(self._open)

    def kick(self, place: Place) -> None:
        """Have a connection ended; one that is on its way is not asked for twice."""
        if place in self._wanted:
            return
        if len(self._wanted) >= MOST_WAITING:
            log.error("kick_not_queued", most=MOST_WAITING, server=place[0], cid=place[1])
            self._failed(place)
            return
        self._wanted.add(place)
        if len(self._open) < MOST_IN_FLIGHT:
            self._send(_Kick(place))
        else:
            self._waiting[place] = None

    def stop(self) -> None:
        """Ask for nothing more."""
        for kick in self._open.values():
            if kick.timer is not None:
                kick.timer.cancel()

    def _send(self, kick: _Kick) -> None:
        self._last_token += 1
        token = self._last_token
        self._open[token] = kick
        kick.tries += 1
        kick.timer = self._loop.call_later(ANSWER_S, self._on_silence, token)
        server, cid = kick.place
        self._connection.publish(
            f"$SYS.REQ.SERVER.{server}.KICK", b'{"cid":%d}' % cid, f"{self._inbox}{token}"
        )

    def _on_answer(self, message: Wired) -> None:
        kick = self._close(int(message.subject.removeprefix(self._inbox)))
        if kick is None:
            return
        if status_of(message) or _decode(message.data).error is not None:
            self._give_up(kick)
        else:
            self._wanted.discard(kick.place)
        self._fill()

    def _on_silence(self, token: int) -> None:
        kick = self._close(token)
        if kick is None:
            return
        if kick.tries < MOST_TRIES:
            self._send(kick)
            return
        log.error("kick_not_answered", server=kick.place[0], cid=kick.place[1], tries=kick.tries)
        self._give_up(kick)
        self._fill()

    def _close(self, token: int) -> _Kick | None:
        kick = self._open.pop(token, None)
        if kick is not None and kick.timer is not None:
            kick.timer.cancel()
        return kick

    def _give_up(self, kick: _Kick) -> None:
        self._wanted.discard(kick.place)
        self._failed(kick.place)

    def _fill(self) -> None:
        while self._waiting and len(self._open) < MOST_IN_FLIGHT:
            place = next(iter(self._waiting))
            del self._waiting[place]
            self._send(_Kick(place))
