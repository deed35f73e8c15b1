"""What became of the tasks that limits hold up or let go, once somebody has set them."""

from collections.abc import Iterable

import msgspec

from interlock.bus.ports import Bus, Record
from interlock.console.awaiting import awaited
from interlock.console.budgets.book import Book
from interlock.console.budgets.lacks import remedy, said_lack
from interlock.contracts import facts as f
from interlock.contracts.decision import Decision
from interlock.contracts.message import decode
from interlock.contracts.subjects import DECISIONS
from interlock.supervisor.core.account import Account
from interlock.supervisor.core.accounts import role_scope, tenant_scope
from interlock.supervisor.core.bounds import limits_of
from interlock.supervisor.core.state import Task

DECIDED_S = 5.0


class Fate(msgspec.Struct, frozen=True):
    """What the decision about the limits made of a task: it goes on, or is parked for what it lacks."""

    task: int
    resumed: bool
    parked: f.Parked | None

    def __str__(self) -> str:
        """Say it."""
        if self.parked is None:
            return f"task {self.task} goes on where it was"
        if self.parked.lack is None:
            return f"task {self.task} is parked: {self.parked.reason}"
        stays = "stays parked" if self.resumed else "stops"
        lack = self.parked.lack
        return f"task {self.task} {stays}: {said_lack(lack)}; to go on: {remedy(self.task, lack)}"


def concerned(book: Book, scope: str, wanted: Account, now_ms: int) -> set[int]:
    """Return the tasks that will go on, or stop, when a scope's account gets other limits.

    Those parked for want of it are tried again; those that move stop where wall time is used up already.
    """
    tasks = book.state.tasks.values()
    waiting = {task.id for task in tasks if task.lack is not None and task.lack.scope == scope}
    over = any(
        limits.wall_ms is not None and spent.wall_ms + wanted.running_ms(now_ms) >= limits.wall_ms
        for limits, spent, _ in limits_of(wanted, now_ms)
    )
    return waiting | ({task.id for task in tasks if _moves_in(task, scope)} if over else set())


def _moves_in(task: Task, scope: str) -> bool:
    if not task.account.clocks:
        return False
    roles = {role_scope(step.role) for step in task.steps.values() if step.account.clocks}
    return scope in {"fleet", tenant_scope(task.tenant), *roles}


async def fates(
    bus: Bus, seq: int, tasks: Iterable[int], *, timeout_s: float = DECIDED_S
) -> tuple[Decision | None, list[Fate]]:
    """Wait for the fleet's decision about record `seq`, and for what it made of these tasks, and others."""
    expected = {0, *tasks}
    open_tasks = set(expected)
    fleet: Decision | None = None
    found: dict[int, Fate] = {}

    def are_all_there(record: Record) -> bool | None:
        nonlocal fleet
        decision = decode(Decision, record.data)
        if decision.cause < seq or (decision.task not in expected and decision.cause > seq):
            return None
        if decision.task == 0:
            fleet = fleet or decision
        elif (fate := _fate(decision)) is not None and decision.task not in found:
            found[decision.task] = fate
        open_tasks.discard(decision.task)
        return not open_tasks or None

    await awaited(bus, DECISIONS, are_all_there, start_seq=seq + 1, timeout_s=timeout_s)
    return fleet, [found[task] for task in sorted(found)]


def _fate(decision: Decision) -> Fate | None:
    """Return what a decision made of its task, as far as it holds it up or lets it go."""
    resumed, parked = False, None
    for fact in decision.facts:
        if isinstance(fact, f.Resumed):
            resumed, parked = True, None
        elif isinstance(fact, f.Parked):
            parked = fact
    return Fate(decision.task, resumed, parked) if resumed or parked else None
