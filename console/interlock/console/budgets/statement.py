"""The statement of accounts: for each scope its numbers, and on demand the rows behind each of them."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

from interlock.console.budgets.book import Book
from interlock.console.budgets.movements import Movements
from interlock.console.budgets.numbers import Number, numbers
from interlock.console.budgets.rows import Period, Row, rows_of_records, rows_of_tasks, shares_of
from interlock.supervisor.core.account import Account


class Entry(msgspec.Struct, frozen=True):
    """One number of one scope, in total or of the day, and the rows behind it where they were asked for."""

    daily: bool
    number: Number
    rows: tuple[Row, ...] = ()


class Scope(msgspec.Struct, frozen=True):
    """One scope: its name, its entries in the order of the dimensions, those in total first."""

    name: str
    entries: tuple[Entry, ...]

    @property
    def worth_saying(self) -> list[Entry]:
        """The entries that are not blank; of the day, those with a limit."""
        return [
            entry
            for entry in self.entries
            if (entry.number.limit is not None if entry.daily else not entry.number.is_blank)
        ]


def state_accounts(
    book: Book, scopes: Iterable[tuple[str, Account]], now_ms: int, movements: Movements | None = None
) -> list[Scope]:
    """Return the statement of these accounts; with `movements` it says what is behind each number."""
    return [Scope(name, tuple(_entries(book, name, account, now_ms, movements))) for name, account in scopes]


def _entries(
    book: Book, name: str, account: Account, now_ms: int, movements: Movements | None
) -> Iterator[Entry]:
    both = numbers(account, now_ms)
    explain = None if movements is None else _explanation(book, name, account, now_ms, movements)
    for daily, of_period in ((False, both.total), (True, both.day)):
        period = Period(now_ms, daily)
        for number in of_period:
            rows: Iterable[Row] = ()
            if explain is not None and not number.is_blank:
                rows = explain(number.dimension, period)
            yield Entry(daily, number, tuple(rows))


def _explanation(
    book: Book, name: str, account: Account, now_ms: int, movements: Movements
) -> Callable[[str, Period], Iterator[Row]]:
    """Return what gives the rows behind a dimension of a scope: its records, or the tasks that share it."""
    own = movements.by_scope.get(name)
    if own is not None:
        return lambda dimension, period: rows_of_records(own, account, dimension, period)
    shares = shares_of(book.contributions(name), now_ms)
    limits = movements.limits.get(name, ())
    return lambda dimension, period: rows_of_tasks(shares, limits, dimension, period)


def scope_json(scope: Scope, *, explained: bool) -> dict[str, Any]:
    """Return a scope as JSON: amounts in the units of the wire, by period and dimension."""
    fields: dict[str, Any] = {"scope": scope.name, "total": {}, "day": {}}
    for entry in scope.entries:
        number = entry.number
        shown: dict[str, Any] = {
            "limit": number.limit,
            "spent": number.spent,
            "reserved": number.reserved,
            "left": number.left,
        }
        if explained:
            shown["records"] = [_row_json(row) for row in entry.rows]
        fields["day" if entry.daily else "total"][number.dimension] = shown
    return fields


def _row_json(row: Row) -> dict[str, Any]:
    shown = {
        "seq": row.seq or None,
        "task": row.task or None,
        "at_ms": row.at_ms or None,
        "what": row.what,
        "spent": row.spent,
        "reserved": row.reserved,
        "open": row.open,
    }
    return shown if row.change == "unchanged" else shown | {"limit": row.limit, "change": row.change}
