"""An account: the limits of one scope and what counts against them. Arithmetic on data alone.

Wall time is not spent but passes: an account knows how many clocks run in it and the sum of their starts, so
that what has run by any moment is one multiplication away, however many tasks share the account.
"""

import msgspec
from msgspec.structs import replace

from interlock.contracts.budget import NOTHING, Amounts, Budget

DAY_MS = 86_400_000
NO_LIMITS = Budget()


class Account(msgspec.Struct, frozen=True):
    """Limits in total and for each day (UTC), and what counts against them.

    Invariant: in every limited dimension, spent + reserved is within the limit, in total and of today.
    `spent_before` is what was spent before `day` (days since the epoch); a reservation counts in whatever
    day it is. `warned` names the limits, as dimension and day, of which a warning was given.
    """

    budget: Budget = NO_LIMITS
    spent: Amounts = NOTHING
    reserved: Amounts = NOTHING
    daily: Budget = NO_LIMITS
    day: int = 0
    spent_before: Amounts = NOTHING
    clocks: int = 0
    started_ms: int = 0
    warned: tuple[tuple[str, int], ...] = ()

    @property
    def limited(self) -> bool:
        """Whether there is any limit."""
        return self.budget != NO_LIMITS or self.daily != NO_LIMITS

    def running_ms(self, now_ms: int) -> int:
        """Return what the clocks that run have run, together."""
        ran_ms = self.clocks * now_ms - self.started_ms
        return max(0, ran_ms)

    def wall_ms(self, now_ms: int) -> int:
        """Return the wall time used in total."""
        return self.spent.wall_ms + self.running_ms(now_ms)

    def spent_on(self, day: int) -> Amounts:
        """Return what was spent on a day that is not over."""
        return self.spent.minus(self.spent_before) if day == self.day else NOTHING

    def reserve(self, amounts: Amounts) -> "Account":
        """Put `amounts` aside."""
        return replace(self, reserved=self.reserved.plus(amounts))

    def settle(self, reserved: Amounts, spent: Amounts, at_ms: int) -> "Account":
        """Give back a reservation and count what was spent."""
        left = self.reserved.minus(reserved)
        if at_ms // DAY_MS == self.day:
            return replace(self, reserved=left, spent=self.spent.plus(spent))
        return replace(self.spend(spent, at_ms), reserved=left)

    def spend(self, spent: Amounts, at_ms: int) -> "Account":
        """Count what was spent without a reservation."""
        return self._count(self.spent.plus(spent), at_ms)

    def start_clock(self, at_ms: int) -> "Account":
        """Let one more clock run."""
        return replace(self, clocks=self.clocks + 1, started_ms=self.started_ms + at_ms)

    def stop_clock(self, started_ms: int, at_ms: int) -> "Account":
        """Stop the clock that was started then; what it has run is spent."""
        clocks, started_sum_ms = self.clocks - 1, self.started_ms - started_ms
        spent = replace(self.spent, wall_ms=self.spent.wall_ms + max(0, at_ms - started_ms))
        if at_ms // DAY_MS == self.day:
            return replace(self, spent=spent, clocks=clocks, started_ms=started_sum_ms)
        return replace(self._count(spent, at_ms), clocks=clocks, started_ms=started_sum_ms)

    def _count(self, spent: Amounts, at_ms: int) -> "Account":
        day = at_ms // DAY_MS
        if day == self.day:
            return replace(self, spent=spent)
        if day > self.day:
            return replace(self, spent=spent, spent_before=self.spent, day=day)
        late = spent.minus(self.spent)
        return replace(self, spent=spent, spent_before=self.spent_before.plus(late))
