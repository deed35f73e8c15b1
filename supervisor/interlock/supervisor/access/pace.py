"""Who sends faster than any agent needs to: judged from the servers' own counts, look by look. No IO.

NATS bounds the size of a message, not how many there are. So the counts of each connection are compared from
one look to the next; who is beyond the bound twice in a row is cut, and kept out for a while.
"""

from collections.abc import Iterable

import msgspec

from interlock.supervisor.access.connections import Place

LOOK_S = 1.0
MOST_MESSAGES_PER_S = 10_000
MOST_BYTES_PER_S = 64 * 1024 * 1024
LOOKS = 2
KEPT_OUT_MS = 10_000
MOST_KEPT_OUT = 4_096


class Count(msgspec.Struct, frozen=True):
    """What a server has counted of a connection up to `at_us`, by its own clock."""

    place: Place
    messages: int
    data_bytes: int
    at_us: int


class Pace:
    """The counts of the last look, and how often in a row each connection was too fast."""

    def __init__(self) -> None:
        self._last: dict[Place, Count] = {}
        self._too_fast: dict[Place, int] = {}

    def look(self, counts: Iterable[Count]) -> list[tuple[Place, str]]:
        """Take the counts of all connections; return who is too fast for too long, each with the pace."""
        last, before = {count.place: count for count in counts}, self._too_fast
        self._too_fast = {}
        found: list[tuple[Place, str]] = []
        for place, count in last.items():
            excess = _excess(self._last.get(place), count)
            if not excess:
                continue
            self._too_fast[place] = before.get(place, 0) + 1
            if self._too_fast[place] >= LOOKS:
                found.append((place, excess))
        self._last = last
        return found


class KeptOut:
    """Who may not come back yet, by environment and name, until when (ms since the epoch)."""

    def __init__(self) -> None:
        self._until_ms: dict[tuple[str, str], int] = {}

    def add(self, environment: str, principal: str, now_ms: int) -> None:
        """Keep somebody out from now on; the oldest is let in beyond the bound."""
        if len(self._until_ms) >= MOST_KEPT_OUT:
            del self._until_ms[next(iter(self._until_ms))]
        self._until_ms[environment, principal] = now_ms + KEPT_OUT_MS

    def why(self, environment: str, principal: str, now_ms: int) -> str:
        """Return why somebody may not come now; empty: they may."""
        if now_ms < self._until_ms.get((environment, principal), 0):
            return "it has sent too much: it may come again in a while"
        return ""


def _excess(before: Count | None, now: Count) -> str:
    """Return the pace of a connection that is too fast, in words; empty for one that is not."""
    if before is None or now.at_us <= before.at_us:
        return ""
    seconds = (now.at_us - before.at_us) / 1e6
    messages_per_s = (now.messages - before.messages) / seconds
    bytes_per_s = (now.data_bytes - before.data_bytes) / seconds
    if messages_per_s > MOST_MESSAGES_PER_S:
        return f"{messages_per_s:,.0f} messages a second, at most {MOST_MESSAGES_PER_S:,} are taken"
    if bytes_per_s > MOST_BYTES_PER_S:
        return f"{bytes_per_s / 2**20:,.0f} MiB a second, at most {MOST_BYTES_PER_S // 2**20} are taken"
    return ""
