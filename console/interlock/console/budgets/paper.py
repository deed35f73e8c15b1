"""Writes a statement of accounts as lines of text: a table of numbers, or each number with its rows."""

from collections.abc import Iterable, Iterator

from interlock.console.budgets.dimensions import BY_FIELD, Dimension
from interlock.console.budgets.numbers import Number
from interlock.console.budgets.rows import RAISED, SET, Row
from interlock.console.budgets.shared import is_shared
from interlock.console.budgets.statement import Entry, Scope

NO_LIMIT = "no limit"
WIDTH = 14
_HEAD = "".join(f"{word:>{WIDTH}}" for word in ("limit", "spent", "reserved", "left"))


def table(scopes: Iterable[Scope]) -> Iterator[str]:
    """Yield the numbers of each scope that has any."""
    first = True
    for scope in scopes:
        if entries := scope.worth_saying:
            yield f"{scope.name:<26}{_HEAD if first else ''}".rstrip()
            first = False
            limited = [entry for entry in entries if entry.number.limit is not None]
            yield from (f"  {_named(entry):<24}{_numbers(entry)}" for entry in limited)
            if len(limited) < len(entries):
                yield f"  {NO_LIMIT:<24}  {_unlimited(entry.number for entry in entries)}"


def explanation(scopes: Iterable[Scope]) -> Iterator[str]:
    """Yield each number and under it the rows whose sum it is."""
    for scope in scopes:
        for entry in scope.worth_saying:
            dimension = BY_FIELD[entry.number.dimension]
            yield ""
            yield f"{scope.name}: {_named(entry)}"
            yield f"  {'record':>10}{'limit':>{WIDTH}}{'spent':>{WIDTH}}{'reserved':>{WIDTH}}"
            yield from (_row(row, dimension, shared=is_shared(scope.name)) for row in entry.rows)
            number = entry.number
            limit = NO_LIMIT if number.limit is None else exact(dimension, number.limit)
            spent, reserved = (exact(dimension, amount) for amount in (number.spent, number.reserved))
            left = "" if number.left is None else f"  {exact(dimension, number.left)} left"
            yield f"  {'now':>10}{limit:>{WIDTH}}{spent:>{WIDTH}}{reserved:>{WIDTH}}{left}"


def exact(dimension: Dimension, amount: int) -> str:
    """Return an amount without loss, so that columns add up: $0.000125, 1,200, 61.234 s."""
    if dimension.field == "wall_ms":
        return f"{amount / 1000:,.3f} s"
    return dimension.said(amount) if dimension.name == "usd" else f"{amount:,}"


def _unlimited(all_numbers: Iterable[Number]) -> str:
    """Return in one line what was used where there is no limit."""
    free = [number for number in all_numbers if number.limit is None]
    spent = ", ".join(BY_FIELD[n.dimension].said(n.spent) for n in free if n.spent)
    reserved = ", ".join(BY_FIELD[n.dimension].said(n.reserved) for n in free if n.reserved)
    return f"{spent or 'nothing'} spent" + (f"; {reserved} reserved" if reserved else "")


def _named(entry: Entry) -> str:
    name = "money" if entry.number.dimension == "spend_usd_micros" else ""
    name = name or ("time" if entry.number.dimension == "wall_ms" else BY_FIELD[entry.number.dimension].noun)
    return f"{name} today" if entry.daily else name


def _numbers(entry: Entry) -> str:
    number, dimension = entry.number, BY_FIELD[entry.number.dimension]
    limit = NO_LIMIT if number.limit is None else _short(dimension, number.limit)
    left = "" if number.left is None else _short(dimension, number.left)
    reserved = _short(dimension, number.reserved) if number.reserved else ""
    words = (limit, _short(dimension, number.spent), reserved, left)
    return "".join(f"{word:>{WIDTH}}" for word in words).rstrip()


def _short(dimension: Dimension, amount: int) -> str:
    return dimension.said(amount) if dimension.name in {"usd", "wall_s"} else f"{amount:,}"


def _row(row: Row, dimension: Dimension, *, shared: bool) -> str:
    limit = ""
    if row.change == SET:
        limit = NO_LIMIT if row.limit is None else exact(dimension, row.limit)
    elif row.change == RAISED:
        limit = _signed(dimension, row.limit or 0)
    where = str(row.seq) if row.seq else ""
    spent = _signed(dimension, row.spent) if row.spent else ""
    reserved = _signed(dimension, row.reserved) if row.reserved else ""
    note = "  (open)" if row.open and row.reserved else ""
    whose = f"task {row.task}: " if shared and row.seq and row.task else ""
    return f"  {where:>10}{limit:>{WIDTH}}{spent:>{WIDTH}}{reserved:>{WIDTH}}  {whose}{row.what}{note}"


def _signed(dimension: Dimension, amount: int) -> str:
    return ("+" if amount > 0 else "") + exact(dimension, amount)
