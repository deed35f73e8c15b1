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
    `spent_today` belongs to `day` (days since the epoch); a reservation counts in whatever day it is.
    `warned` names the limits, as dimension and day, of which a warning was given.
    """

    budget: Budget = NO_LIMITS
    spent: Amounts = NOTHING
    reserved: Amounts = NOTHING
    daily: Budget = NO_LIMITS
    day: int = 0
    spent_today: Amounts = NOTHING
    clocks: int = 0
    started_ms: int = 0
    warned: tuple[tuple[str, int], ...] = ()

    @property
    def limited(self) -> bool:
        """Whether there is any limit."""
        return self.budget != NO_LIMITS or self.daily != NO_LIMITS

    def running_ms(self, now_ms: int) -> int:
        """Return what the clocks that run have run, together."""
        return max(0, self.clocks * now_ms - self.started_ms)

    def wall_ms(self, now_ms: int) -> int:
        """Return the wall time used in total."""
        return self.spent.wall_ms + self.running_ms(now_ms)

    def spent_on(self, day: int) -> Amounts:
        """Return what was spent on a day that is not over."""
        return self.spent_today if day == self.day else NOTHING

    def reserve(self, amounts: Amounts) -> "Account":
        """Put `amounts` aside."""
        return replace(self, reserved=self.reserved.plus(amounts))

    def settle(self, reserved: Amounts, spent: Amounts, at_ms: int) -> "Account":
        """Give back a reservation and count what was spent."""
        return replace(self.spend(spent, at_ms), reserved=self.reserved.minus(reserved))

    def spend(self, spent: Amounts, at_ms: int) -> "Account":
        """Count what was spent without a reservation."""
        day = at_ms // DAY_MS
        if day < self.day:
            return replace(self, spent=self.spent.plus(spent))
        today = self.spent_on(day).plus(spent)
        return replace(self, spent=self.spent.plus(spent), day=day, spent_today=today)

    def start_clock(self, at_ms: int) -> "Account":
        """Let one more clock run."""
        return replace(self, clocks=self.clocks + 1, started_ms=self.started_ms + at_ms)

    def stop_clock(self, started_ms: int, at_ms: int) -> "Account":
        """Stop the clock that was started then; what it has run is spent."""
        ran = Amounts(wall_ms=max(0, at_ms - started_ms))
        stopped = replace(self, clocks=self.clocks - 1, started_ms=self.started_ms - started_ms)
        return stopped.spend(ran, at_ms)
