"""Decides what follows when limits are near, used up, or set anew.

What is used up parks the tasks that need it; wall time is used up at an exact moment, and clocks are stopped
as of that moment, however late somebody looks.
"""

from collections.abc import Iterable

from msgspec.structs import astuple

from interlock.contracts import facts
from interlock.contracts.budget import DIMENSIONS, Amounts
from interlock.contracts.message import line
from interlock.supervisor.core.account import Account
from interlock.supervisor.core.accounts import FLEET, NO_ACCOUNT, role_scope, tenant_scope
from interlock.supervisor.core.bounds import Shortage, limits_of, wall_lack
from interlock.supervisor.core.deciding.people.parking import park
from interlock.supervisor.core.limits import WARN_DENOMINATOR, WARN_NUMERATOR
from interlock.supervisor.core.state import Task
from interlock.supervisor.core.turn import Turn


def park_for(turn: Turn, number: int, shortage: Shortage, why: str = "") -> None:
    """Park a task for what it lacks; wall time that its clock used up, as of that moment."""
    if shortage.lack.dimension == "wall_ms":
        stop_used_up(turn, (number,))
    if turn.state.tasks[number].hold != "parked":
        park_for_budget(turn, number, shortage.lack, turn.now_ms, why)


def park_for_budget(turn: Turn, number: int, lack: facts.Lack, at_ms: int, why: str = "") -> None:
    """Park a task whose budget is used up; a raise of that limit continues it where it is."""
    alone = lack.scope.split()[0] in {"task", "step"}
    remedy = f"budget raise {number}" if alone else f"limits set {lack.scope}"
    reason = (
        f"the budget is used up: {lack.dimension} of the {lack.scope}: limit {lack.limit}"
        f"{' a day' if lack.day else ''}, needed {lack.needed} more; `interlock {remedy}` continues it"
    )
    reason = line(f"{why}; {reason}" if why else reason)
    park(turn, number, facts.Parked(at_ms=at_ms, kind="budget", reason=reason, lack=lack))


def stop_used_up(turn: Turn, numbers: Iterable[int]) -> None:
    """Park whatever runs on wall time that is used up: of what tasks share, then of these tasks' own."""
    for scope in turn.state.walled:
        account = turn.state.shared[scope]
        found = wall_lack(scope, account, turn.now_ms)
        if found is not None:
            for number in [n for n in sorted(turn.state.active) if runs_in(turn.state.tasks[n], scope)]:
                park_for_budget(turn, number, found[1], found[0])
    for number in numbers:
        task = turn.state.tasks.get(number)
        if task is None or not task.account.clocks:
            continue
        found = _used_up_alone(task, turn.now_ms)
        if found is not None:
            park_for_budget(turn, number, found[1], found[0])


def runs_in(task: Task, scope: str) -> bool:
    """Tell whether a clock of a task runs in a shared account."""
    if not task.account.clocks:
        return False
    roles = {role_scope(step.role) for step in task.steps.values() if step.account.clocks}
    return scope in {FLEET, tenant_scope(task.tenant), *roles}


def _used_up_alone(task: Task, now_ms: int) -> tuple[int, facts.Lack] | None:
    limit_ms = task.account.budget.wall_ms
    if not task.walled and (limit_ms is None or task.account.wall_ms(now_ms) < limit_ms):
        return None
    mine = [("task", task.account)]
    mine += [(f"step {step.id}", step.account) for step in task.steps.values()]
    found = [one for scope, account in mine if (one := wall_lack(scope, account, now_ms)) is not None]
    return min(found, key=lambda one: one[0]) if found else None


def warn(turn: Turn, number: int, spent: Amounts, role: str = "") -> None:
    """Warn when four fifths of a limit are spent: of the task's, or of one that tasks share."""
    task = turn.state.tasks[number]
    if task.active and task.account.limited:
        _warn(turn, number, "task", task.account, spent)
    shared = turn.state.shared
    for scope in (FLEET, tenant_scope(task.tenant), role_scope(role)):
        account = shared.get(scope, NO_ACCOUNT)
        if account.limited:
            _warn(turn, 0, scope, account, spent)


def _warn(turn: Turn, number: int, scope: str, account: Account, more: Amounts) -> None:
    dimensions = [dimension for dimension, much in zip(DIMENSIONS, astuple(more), strict=True) if much]
    for limits, spent, day in limits_of(account, turn.now_ms):
        for dimension in dimensions:
            limit = getattr(limits, dimension)
            if not limit:
                continue
            used = getattr(spent, dimension)
            if dimension == "wall_ms":
                used += account.running_ms(turn.now_ms)
            if used * WARN_DENOMINATOR >= limit * WARN_NUMERATOR and (dimension, day) not in account.warned:
                said = facts.BudgetWarned(dimension=dimension, spent=used, limit=limit, scope=scope, day=day)
                turn.say(number, said)
