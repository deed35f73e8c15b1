"""How often what is said of refused attempts: the first at once, repeats together, a flood as one. Pure.

Every attempt is counted in some record, and no flood of attempts becomes a flood of records: each principal,
and all together, have so many records in hand, and get new ones slowly; an attempt that finds none is counted
in the one record that tells of the rest. Times are monotonic milliseconds that are passed in.
"""

from collections.abc import Iterator

import msgspec

from interlock.contracts.observed import ViolatedBy, Violation

EVERY_MS = 1_000
# A repeat that goes on is told of less and less often.
SELDOM_MS = 64_000
MOST_OF_ONE = 128
MOST_OF_ALL = 512
ONE_MORE_MS = 10_000
ONE_MORE_OF_ALL_MS = 1_000
MOST_PRINCIPALS = 1_024
REST = "more attempts than are told of one by one"


class Attempt(msgspec.Struct, frozen=True):
    """What was attempted in an environment, by whom (empty: nobody knows)."""

    environment: str
    principal: str
    action: ViolatedBy
    target: str
    detail: str = ""

    @property
    def kind(self) -> tuple[str, str, str, str, str]:
        """What makes it the same as another one; who is refused for another reason has another trouble."""
        reason = self.detail if self.action == "connect" else ""
        return self.environment, self.principal, self.action, self.target, reason


class _Seen(msgspec.Struct):
    """One kind of attempt that has been told of, and the ones since then."""

    attempt: Attempt
    told_ms: int
    every_ms: int = EVERY_MS
    times: int = 0


class _Purse:
    """Records in hand: at most so many, one more after a while."""

    def __init__(self, most: int, one_more_ms: int, now_ms: int) -> None:
        self._most = most
        self._one_more_ms = one_more_ms
        self._left = float(most)
        self._at_ms = now_ms

    def left(self, now_ms: int) -> float:
        """Return how many there are now."""
        self._left = min(self._most, self._left + (now_ms - self._at_ms) / self._one_more_ms)
        self._at_ms = now_ms
        return self._left

    def take(self) -> None:
        """Take one that is there."""
        self._left -= 1

    def full(self, now_ms: int) -> bool:
        """Return whether nothing would be lost with it."""
        return self.left(now_ms) >= self._most


class Violations:
    """What is to be said of attempts, each with the environment whose log it is for."""

    def __init__(self, now_ms: int) -> None:
        self._seen: dict[tuple[str, str, str, str, str], _Seen] = {}
        self._purses: dict[str, _Purse] = {}
        self._purse = _Purse(MOST_OF_ALL, ONE_MORE_OF_ALL_MS, now_ms)

    def note(self, attempt: Attempt, now_ms: int) -> Violation | None:
        """Count an attempt; return what is to be said at once, if anything."""
        seen = self._seen.get(attempt.kind)
        if seen is not None:
            seen.times += 1
            return None
        if self._afford(attempt.principal, now_ms):
            self._seen[attempt.kind] = _Seen(attempt, now_ms)
            return _violation(attempt, 1)
        rest = msgspec.structs.replace(
            attempt, principal=self._told_of(attempt), action="flood", target=REST, detail=""
        )
        # The rest needs no record in hand: of each principal there is one, and it is told of ever less often.
        seen = self._seen.setdefault(rest.kind, _Seen(rest, now_ms))
        seen.times += 1
        return None

    def due(self, now_ms: int) -> Iterator[tuple[str, Violation]]:
        """Yield what is to be said of repeats now."""
        for kind, seen in tuple(self._seen.items()):
            if now_ms - seen.told_ms < seen.every_ms:
                continue
            if not seen.times:
                del self._seen[kind]
                continue
            yield seen.attempt.environment, _violation(seen.attempt, seen.times)
            seen.times, seen.told_ms = 0, now_ms
            seen.every_ms = min(2 * seen.every_ms, SELDOM_MS)

    def rest(self) -> Iterator[tuple[str, Violation]]:
        """Yield what has not been said yet: nothing more will be counted."""
        for seen in self._seen.values():
            if seen.times:
                yield seen.attempt.environment, _violation(seen.attempt, seen.times)
        self._seen.clear()

    def _afford(self, principal: str, now_ms: int) -> bool:
        purse = self._purses.get(principal)
        if purse is None:
            if len(self._purses) >= MOST_PRINCIPALS:
                self._purses = {name: one for name, one in self._purses.items() if not one.full(now_ms)}
            if len(self._purses) >= MOST_PRINCIPALS:
                return False
            purse = self._purses[principal] = _Purse(MOST_OF_ONE, ONE_MORE_MS, now_ms)
        if purse.left(now_ms) < 1 or self._purse.left(now_ms) < 1:
            return False
        purse.take()
        self._purse.take()
        return True

    def _told_of(self, attempt: Attempt) -> str:
        return attempt.principal if attempt.principal in self._purses else ""


def _violation(attempt: Attempt, times: int) -> Violation:
    return Violation(
        principal=attempt.principal,
        action=attempt.action,
        target=attempt.target,
        times=times,
        detail=attempt.detail,
    )
