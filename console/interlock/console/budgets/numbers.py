"""The numbers of an account in every dimension: limit, spent, reserved, left; in total and of a day."""

from collections.abc import Iterator

import msgspec

from interlock.contracts.budget import DIMENSIONS, Amounts, Budget
from interlock.contracts.facts import Lack
from interlock.supervisor.core.account import DAY_MS, NO_LIMITS, Account


class Number(msgspec.Struct, frozen=True):
    """One dimension, in the units of the wire. Without a limit, `left` is None."""

    dimension: str
    limit: int | None
    spent: int
    reserved: int

    @property
    def left(self) -> int | None:
        """What may still be reserved; below zero where a limit was set to less than was spent."""
        return None if self.limit is None else self.limit - self.spent - self.reserved

    @property
    def is_blank(self) -> bool:
        """Whether there is nothing to say."""
        return self.limit is None and not self.spent and not self.reserved


class Numbers(msgspec.Struct, frozen=True):
    """An account's numbers in total and of the day that `now_ms` is in (UTC)."""

    total: tuple[Number, ...]
    day: tuple[Number, ...]


def numbers(account: Account, now_ms: int) -> Numbers:
    """Return the numbers as of a moment: wall time that passes is counted up to it."""
    today = now_ms // DAY_MS
    return Numbers(
        total=tuple(_numbers(account, account.budget, account.spent, now_ms)),
        day=tuple(_numbers(account, account.daily, account.spent_on(today), now_ms)),
    )


def is_limited(account: Account) -> bool:
    """Tell whether an account has any limit."""
    return account.budget != NO_LIMITS or account.daily != NO_LIMITS


def _numbers(account: Account, limits: Budget, spent: Amounts, now_ms: int) -> Iterator[Number]:
    for dimension in DIMENSIONS:
        used: int = getattr(spent, dimension)
        if dimension == "wall_ms":
            used += account.running_ms(now_ms)
        yield Number(dimension, getattr(limits, dimension), used, getattr(account.reserved, dimension))


def used(account: Account, lack: Lack, now_ms: int) -> int:
    """Return what is spent and reserved against the limit that somebody lacks."""
    both = numbers(account, now_ms)
    of_period = both.day if lack.day else both.total
    number = next(number for number in of_period if number.dimension == lack.dimension)
    return number.spent + number.reserved
