"""Which grants may not begin: those that are older than a kill, by the log's order. Pure.

A kill is heard twice: as a plain message, at once and without a place in the log, and as the log's record. A
grant that names a later record than the kill was made by somebody who knew of it, and may begin; so nothing
has to be taken back, and no clock decides. While a kill has no place yet, nothing in its scope begins; it is
forgotten when the log was read to its end long after and does not have it, for it had no room.
"""

from collections import OrderedDict, deque

import msgspec

from interlock.contracts.scope import Doing, Scope, covers

FENCES_MAX = 4_096
UNPLACED_MAX = 4_096
UNPLACED_MS = 30_000
EARLY_MAX = 1_024
EARLY_MS = 2_000


class Kill(msgspec.Struct, frozen=True):
    """A kill as it was said; the message and the record of it are equal."""

    by: str
    scope: Scope
    reason: str = ""

    def __str__(self) -> str:
        return f"{self.by} killed {self.scope}{': ' if self.reason else ''}{self.reason}"


class _Early(msgspec.Struct, frozen=True):
    """Equal kills that were read, so many of them before their messages came; `seq` is of the newest.

    From `until_ms` on a message is another kill's.
    """

    seq: int
    until_ms: int
    count: int = 1


class Fences:
    """All kills that were heard; times are milliseconds that never go backwards."""

    def __init__(self) -> None:
        self._fences: OrderedDict[Scope, int] = OrderedDict()
        self._newest = 0
        self._floor = 0
        self._unplaced: dict[Kill, deque[int]] = {}
        self._unplaced_count = 0
        self._overflowed_ms: int | None = None
        self._early: OrderedDict[Kill, _Early] = OrderedDict()

    def heard(self, kill: Kill, now_ms: int) -> int | None:
        """Take a plain message; return the kill's sequence, where its record was read before it came.

        While more kills than UNPLACED_MAX have no place, nothing at all begins.
        """
        early = self._early.pop(kill, None)
        if early is not None and now_ms < early.until_ms:
            if early.count > 1:
                self._early[kill] = msgspec.structs.replace(early, count=early.count - 1)
            return early.seq
        if self._unplaced_count >= UNPLACED_MAX:
            self._overflowed_ms = now_ms
        else:
            self._unplaced.setdefault(kill, deque()).append(now_ms)
            self._unplaced_count += 1
        return None

    def read(self, kill: Kill, seq: int, now_ms: int) -> None:
        """Take a record of the log; records come in order, and one that came before changes nothing."""
        if seq <= self._newest:
            return
        self._newest = seq
        self._place(kill, seq, now_ms)
        self._fences[kill.scope] = seq
        self._fences.move_to_end(kill.scope)
        if len(self._fences) > FENCES_MAX:
            # Whatever names a later record than this fence passes it: to refuse all older grants is enough.
            _, self._floor = self._fences.popitem(last=False)

    def refuses(self, doing: Doing, as_of: int) -> bool:
        """Tell whether a kill stands in the log behind what was known when this was granted."""
        if as_of < self._floor:
            return True
        for scope in reversed(self._fences):
            if self._fences[scope] <= as_of:
                return False
            if covers(scope, doing):
                return True
        return False

    def holds(self, doing: Doing) -> bool:
        """Tell whether a kill over this was heard whose place is not known yet."""
        return self._overflowed_ms is not None or any(covers(kill.scope, doing) for kill in self._unplaced)

    def overdue(self, now_ms: int) -> bool:
        """Tell whether a kill has waited so long for its place that the log should be read anew."""
        oldest_ms = min((heard_ms[0] for heard_ms in self._unplaced.values()), default=self._overflowed_ms)
        return oldest_ms is not None and oldest_ms <= now_ms - UNPLACED_MS

    def read_to_end(self, began_ms: int) -> None:
        """Note that the log was read to its end, beginning then: what is not there by now never was."""
        heard_before_ms = began_ms - UNPLACED_MS
        if self._overflowed_ms is not None and self._overflowed_ms <= heard_before_ms:
            self._overflowed_ms = None
        for kill, heard_ms in tuple(self._unplaced.items()):
            while heard_ms and heard_ms[0] <= heard_before_ms:
                heard_ms.popleft()
                self._unplaced_count -= 1
            if not heard_ms:
                del self._unplaced[kill]

    def _place(self, kill: Kill, seq: int, now_ms: int) -> None:
        waiting = self._unplaced.get(kill)
        if waiting is not None:
            waiting.popleft()
            self._unplaced_count -= 1
            if not waiting:
                del self._unplaced[kill]
            return
        before = self._early.pop(kill, None)
        count = before.count if before is not None and now_ms < before.until_ms else 0
        self._early[kill] = _Early(seq, now_ms + EARLY_MS, count + 1)
        if len(self._early) > EARLY_MAX:
            self._early.popitem(last=False)
