"""Sets the limits that tasks share, waits for the decision, and says what it did."""

from interlock.bus.clock import now_ms
from interlock.bus.ports import Bus
from interlock.console.budgets.book import Book, read_book
from interlock.console.budgets.consequences import concerned, fates
from interlock.console.budgets.dimensions import said_budget, split
from interlock.console.budgets.paper import table
from interlock.console.budgets.shared import FILE_REASON, Change, set_limits, standing
from interlock.console.budgets.statement import state_accounts
from interlock.console.errors import RefusedBySupervisor
from interlock.console.sayings import refusal
from interlock.contracts.control import SetLimits
from interlock.supervisor.core.state import replace


def changed(given: dict[str, int], freed: list[str], reason: str, *, only: bool = False) -> Change:
    """Return the change that sets some limits and frees others, by their names outside.

    The rest stays as it stands, or with `only` has no limit.
    """

    def change(stands: SetLimits) -> SetLimits:
        before = SetLimits() if only else stands
        by_period: dict[bool, dict[str, int | None]] = {False: {}, True: {}}
        for name, amount in (*((name, None) for name in freed), *given.items()):
            dimension, daily = split(name)
            by_period[daily][dimension.field] = amount
        return SetLimits(
            total=replace(before.total, **by_period[False]),
            day=replace(before.day, **by_period[True]),
            reason=reason,
        )

    return change


async def set_and_tell(bus: Bus, scope: str, change: Change) -> list[str]:
    """Set a scope's limits; return what it did, and to which tasks, in lines.

    Raises RefusedBySupervisor, Unreadable or BusError.
    """
    book = await read_book(bus)
    stood = await standing(bus, scope)
    seq, wanted = await set_limits(bus, scope, change)
    lines = await _came_of_it(bus, book, scope, seq, wanted)
    kind, _, name = scope.partition(" ")
    if kind == "role" and name not in book.state.charters:
        known = ", ".join(sorted(book.state.charters)) or "no roles"
        lines.append(f"nobody has had the role {name} so far; there are {known}")
    if stood.limits.reason.startswith(FILE_REASON):
        lines.append(
            f"the {stood.limits.reason} had set them, and will again when it changes: change it there too"
        )
    return lines


async def _came_of_it(bus: Bus, book: Book, scope: str, seq: int, wanted: SetLimits) -> list[str]:
    at_ms = max(now_ms(), book.latest_ms)
    account = replace(book.shared(scope), budget=wanted.total, daily=wanted.day)
    decision, found = await fates(bus, seq, concerned(book, scope, account, at_ms))
    if decision is None:
        return [f"the limits stand in the log as record {seq}; no supervisor has decided on them yet"]
    if refused := refusal(decision, seq):
        raise RefusedBySupervisor(f"limits of the {scope}: {refused}")
    now = said_budget(wanted.total, wanted.day)
    shown = table(state_accounts(book, [(scope, account)], at_ms))
    return [f"{scope} has {now} from record {seq} on", *shown, *map(str, found)]
