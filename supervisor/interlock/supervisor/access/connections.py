"""The live table of connections: whose they are, on which server, so that a kick needs no search. No IO.

It is filled by the server's events and by its lists, which may come late: what has ended stays ended. Account
names are environments in capitals.
"""

from collections.abc import Collection
from typing import TypeVar

import msgspec

MOST = 65_536
MOST_REMEMBERED = 8_192

T = TypeVar("T")

Place = tuple[str, int]
"""The id of a server, and the number of a connection there, which the server never gives again."""


class Live(msgspec.Struct, frozen=True):
    """A connection; `proof` is by what it was admitted, empty where another service did that.

    `watched` is whether its end is told to the log, `since` the round in which it was noted.
    """

    place: Place
    environment: str
    principal: str
    started_us: int = 0
    watched: bool = False
    proof: str = ""
    since: int = 0


class Connections:
    """All connections of principals that are known to stand."""

    def __init__(self) -> None:
        self._live: dict[Place, Live] = {}
        self._of: dict[tuple[str, str], dict[Place, Live]] = {}
        self._proofs: dict[Place, str] = {}
        self._ended: dict[Place, None] = {}
        self._kicked: dict[Place, None] = {}
        self._round = 0

    def admitted(self, place: Place, proof: str) -> None:
        """Remember by what a connection was admitted that is about to stand."""
        _remember(self._proofs, place, proof)

    def stands(
        self, place: Place, environment: str, principal: str, started_us: int = 0, *, watched: bool = False
    ) -> Live | None:
        """Note a connection, unless it has ended already; return it when it was not known.

        Beyond `MOST` none is noted: a server does not take so many.
        """
        if place in self._live or place in self._ended or len(self._live) >= MOST:
            return None
        proof = self._proofs.pop(place, "")
        live = Live(place, environment, principal, started_us, watched, proof, self._round)
        self._live[place] = live
        self._of.setdefault((environment, principal), {})[place] = live
        return live

    def ended(self, place: Place) -> Live | None:
        """Forget a connection for good; return it when it was known."""
        _remember(self._ended, place, None)
        return self.forget(place)

    def forget(self, place: Place) -> Live | None:
        """Forget a connection that may stand all the same; return it when it was known."""
        live = self._live.pop(place, None)
        if live is None:
            return None
        key = live.environment, live.principal
        self._of[key].pop(place, None)
        if not self._of[key]:
            del self._of[key]
        return live

    def at(self, place: Place) -> Live | None:
        """Return the connection that stands there, if one is known."""
        return self._live.get(place)

    def of(self, environment: str, principal: str) -> tuple[Live, ...]:
        """Return a principal's connections."""
        return tuple(self._of.get((environment, principal), {}).values())

    def principals(self, environment: str) -> tuple[str, ...]:
        """Return who is connected to an environment."""
        return tuple(name for where, name in self._of if where == environment)

    def kicked(self, place: Place) -> None:
        """Remember that this connection's end was ordered."""
        _remember(self._kicked, place, None)

    def was_kicked(self, place: Place) -> bool:
        """Return whether it was."""
        return place in self._kicked

    def begin_round(self) -> int:
        """Begin to ask the servers what stands; what is noted from now on is of this round."""
        self._round += 1
        return self._round

    def missing(self, server: str, standing: Collection[int], begun: int) -> list[Live]:
        """Return what a server's complete list of a round does not hold, of what stood before that round."""
        return [
            live
            for live in self._live.values()
            if live.place[0] == server and live.since < begun and live.place[1] not in standing
        ]

    def servers(self) -> frozenset[str]:
        """Return the servers on which a connection is known."""
        return frozenset(server for server, _ in self._live)

    def forget_server(self, server: str) -> int:
        """Forget a server's connections; return how many there were."""
        places = [place for place in self._live if place[0] == server]
        for place in places:
            self.forget(place)
        return len(places)


def _remember(notes: dict[Place, T], place: Place, note: T) -> None:
    notes[place] = note
    if len(notes) > MOST_REMEMBERED:
        del notes[next(iter(notes))]
