"""The rows behind a number: each record with what it added, so that the column's sum is the number.

Rows of what many tasks share stand for a task each, unless its records were asked for.
"""

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from interlock.console.budgets.movements import Movement
from interlock.console.budgets.sentences import what
from interlock.contracts import facts as f
from interlock.contracts.budget import Amounts, Budget
from interlock.supervisor.core.account import DAY_MS, Account

UNCHANGED = "unchanged"
SET, RAISED = "set", "raised"


class Row(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one record, one task, or (neither) the clock that runs now adds to a number.

    `change` says what becomes of the limit: it is `set` to `limit` (None: no limit), `raised` by it, or
    unchanged. `open` is whether a reservation stands.
    """

    what: str
    seq: int = 0
    task: int = 0
    at_ms: int = 0
    spent: int = 0
    reserved: int = 0
    change: str = UNCHANGED
    limit: int | None = None
    open: bool = False


class Period(msgspec.Struct, frozen=True):
    """All time (`day` 0), or one day since the epoch, UTC, of which it is `now_ms`."""

    now_ms: int
    daily: bool = False

    @property
    def day(self) -> int:
        """The day that it is."""
        return self.now_ms // DAY_MS

    def spent(self, movement: Movement, dimension: str) -> int:
        """Return what a movement has added to what was spent in the period."""
        return movement.spent_on(self.day, dimension) if self.daily else movement.spent(dimension)

    def limits(self, account: Account) -> Budget:
        """Return the limits of the period."""
        return account.daily if self.daily else account.budget


class Share(msgspec.Struct, frozen=True):
    """What one task has spent, has spent today and has reserved of what many share."""

    spent: Amounts
    today: Amounts
    reserved: Amounts


def rows_of_records(
    movements: Iterable[Movement], account: Account, dimension: str, period: Period
) -> Iterator[Row]:
    """Yield a row for each record that changed a number of an account, and one for the clock that runs."""
    moved = list(movements)
    ended = {(one.fact.effect, one.fact.grant) for one in moved if isinstance(one.fact, f.EffectSettled)}
    for movement in moved:
        row = Row(
            what=what(movement.fact),
            seq=movement.seq,
            task=movement.task,
            at_ms=movement.at_ms,
            spent=period.spent(movement, dimension),
            reserved=movement.reserved(dimension),
            open=_is_open(movement.fact, ended),
        )
        row = _with_limit(row, movement, dimension, period)
        if row.spent or row.reserved or row.change != UNCHANGED:
            yield row
    if dimension == "wall_ms" and account.clocks:
        started = next((m for m in reversed(moved) if m.after.clocks > m.before.clocks), None)
        since = f" since record {started.seq}" if started and account.clocks == 1 else ""
        clocks = "the clock runs" if account.clocks == 1 else f"{account.clocks} clocks run"
        yield Row(what=f"{clocks}{since}", spent=account.running_ms(period.now_ms))


def rows_of_tasks(
    shares: Mapping[int, Share], limits: Iterable[Movement], dimension: str, period: Period
) -> Iterator[Row]:
    """Yield a row for each time the limit was set, and one for each task that has spent or reserved."""
    for movement in limits:
        row = Row(what=what(movement.fact), seq=movement.seq, at_ms=movement.at_ms)
        row = _with_limit(row, movement, dimension, period)
        if row.change != UNCHANGED:
            yield row
    for task, share in shares.items():
        spent: int = getattr(share.today if period.daily else share.spent, dimension)
        reserved: int = getattr(share.reserved, dimension)
        if spent or reserved:
            yield Row(what=f"task {task}", task=task, spent=spent, reserved=reserved)


def shares_of(contributions: Iterable[tuple[int, Account]], now_ms: int) -> dict[int, Share]:
    """Return what each task has of a shared account, from the accounts that it is the sum of."""
    found: dict[int, Share] = {}
    for task, account in contributions:
        running = Amounts(wall_ms=account.running_ms(now_ms))
        spent, today = account.spent.plus(running), account.spent_on(now_ms // DAY_MS).plus(running)
        before = found.get(task)
        found[task] = (
            Share(spent, today, account.reserved)
            if before is None
            else Share(
                before.spent.plus(spent), before.today.plus(today), before.reserved.plus(account.reserved)
            )
        )
    return found


def _is_open(fact: f.AnyFact, ended: set[tuple[int, int]]) -> bool:
    return isinstance(fact, f.EffectGranted) and (fact.effect, fact.grant) not in ended


def _with_limit(row: Row, movement: Movement, dimension: str, period: Period) -> Row:
    """Say what a movement made of the limit."""
    before: int | None = getattr(period.limits(movement.before), dimension)
    after: int | None = getattr(period.limits(movement.after), dimension)
    if before == after:
        return row
    if isinstance(movement.fact, f.LimitRaised) and before is not None and after is not None:
        return msgspec.structs.replace(row, change=RAISED, limit=after - before)
    return msgspec.structs.replace(row, change=SET, limit=after)
