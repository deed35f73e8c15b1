"""The seven dimensions as people write them: dollars and seconds outside, millionths and thousandths inside.

One table; options, the limits file and every sentence about limits read it.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from interlock.console.amounts import usd
from interlock.contracts.budget import DIMENSIONS, Amounts, Budget

PER_DAY = "_per_day"
MOST_USD = 1_000_000
MOST_COUNT = 2**50
MOST_WALL_S = 10 * 366 * 86_400


class Dimension(NamedTuple):
    """A dimension: its field on the wire, its name outside, what one is called, how many inside make one."""

    field: str
    name: str
    noun: str
    factor: int
    most: int

    def inside(self, value: float) -> int:
        """Return a value as people write it in the units of the wire."""
        return round(value * self.factor)

    def said(self, amount: int) -> str:
        """Return an amount in words with its unit: $0.50, 1,200 tokens, 2 min 5 s."""
        if self.field == "spend_usd_micros":
            return f"-{usd(-amount)}" if amount < 0 else usd(amount)
        if self.field == "wall_ms":
            return duration(amount)
        return f"{amount:,} {self.noun if abs(amount) != 1 else self.noun.removesuffix('s')}"


TABLE = (
    Dimension("spend_usd_micros", "usd", "dollars", 1_000_000, MOST_USD),
    Dimension("tokens", "tokens", "tokens", 1, MOST_COUNT),
    Dimension("model_calls", "model_calls", "model calls", 1, MOST_COUNT),
    Dimension("tool_calls", "tool_calls", "tool calls", 1, MOST_COUNT),
    Dimension("wall_ms", "wall_s", "seconds", 1_000, MOST_WALL_S),
    Dimension("steps", "steps", "steps", 1, MOST_COUNT),
    Dimension("replans", "replans", "replans", 1, MOST_COUNT),
)
assert tuple(dimension.field for dimension in TABLE) == DIMENSIONS

BY_FIELD: Mapping[str, Dimension] = {dimension.field: dimension for dimension in TABLE}
BY_NAME: Mapping[str, Dimension] = {dimension.name: dimension for dimension in TABLE}
LIMIT_NAMES = (*BY_NAME, *(name + PER_DAY for name in BY_NAME))


def duration(milliseconds: int) -> str:
    """Return a time in words: 14 ms, 12.3 s, 2 min 5 s, 3 h 20 min."""
    sign, milliseconds = ("-", -milliseconds) if milliseconds < 0 else ("", milliseconds)
    if 0 < milliseconds < 1_000:
        return f"{sign}{milliseconds} ms"
    if milliseconds < 60_000:
        return f"{sign}{milliseconds / 1000:.1f} s".replace(".0 s", " s")
    minutes, rest_s = divmod(milliseconds // 1000, 60)
    hours, rest_min = divmod(minutes, 60)
    if hours:
        return f"{sign}{hours:,} h {rest_min} min" if rest_min else f"{sign}{hours:,} h"
    return f"{sign}{minutes} min {rest_s} s" if rest_s else f"{sign}{minutes} min"


def said_budget(total: Budget, day: Budget | None = None) -> str:
    """Return limits in words: $10, 50,000 tokens a day; `no limits` when there are none."""
    parts = list(_said(total, ""))
    if day is not None:
        parts += _said(day, " a day")
    return ", ".join(parts) or "no limits"


def said_more(more: Amounts) -> str:
    """Return amounts of every dimension in words; `nothing` when all are zero."""
    return ", ".join(d.said(amount) for d in TABLE if (amount := getattr(more, d.field))) or "nothing"


def split(name: str) -> tuple[Dimension, bool]:
    """Return the dimension of a limit's name, and whether it is one of each day; raises KeyError."""
    daily = name.endswith(PER_DAY)
    return BY_NAME[name.removesuffix(PER_DAY)], daily


def _said(budget: Budget, period: str) -> Iterable[str]:
    for dimension in TABLE:
        limit: int | None = getattr(budget, dimension.field)
        if limit is not None:
            yield dimension.said(limit) + period
