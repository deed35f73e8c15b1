"""Decides about the limits of what many tasks share: the fleet, a tenant, a role."""

from interlock.contracts import facts
from interlock.contracts.budget import NOTHING
from interlock.contracts.control import SetLimits
from interlock.contracts.inputs import Input
from interlock.supervisor.core.accounts import FLEET, NO_ACCOUNT
from interlock.supervisor.core.bounds import shortage
from interlock.supervisor.core.deciding.budgets import park_for_budget, runs_in
from interlock.supervisor.core.deciding.resuming import resume
from interlock.supervisor.core.state import Task
from interlock.supervisor.core.turn import Turn

_NAMED = ("tenant", "role")


def limits_set(turn: Turn, said: Input, body: SetLimits) -> None:
    """Set limits; what they stop stops now, and what waited for them goes on."""
    scope = _scope(said.rest)
    if not scope:
        wrong = ".".join(said.rest)
        turn.refuse(0, said.seq, f"limits are set of fleet, tenant.<name> or role.<name>, not of {wrong!r}")
        return
    turn.say(
        0,
        facts.LimitsSet(
            at_ms=turn.now_ms,
            scope=scope,
            total=body.total,
            day=body.day,
            by=said.principal,
            reason=body.reason,
        ),
    )
    lacking = [number for number in sorted(turn.state.active) if _lacks(turn.state.tasks[number], scope)]
    _stop_beyond(turn, scope)
    for number in lacking:
        now = turn.state.tasks[number]
        resume(turn, now, said.principal, body.reason, "raised", record=said.seq)


def _lacks(task: Task, scope: str) -> bool:
    return task.hold == "parked" and task.lack is not None and task.lack.scope == scope


def _scope(rest: tuple[str, ...]) -> str:
    if rest == (FLEET,):
        return FLEET
    return " ".join(rest) if len(rest) == len(_NAMED) and rest[0] in _NAMED and rest[1] else ""


def _stop_beyond(turn: Turn, scope: str) -> None:
    """Park now what runs on wall time that a lower limit has just taken away."""
    account = turn.state.shared.get(scope, NO_ACCOUNT)
    beyond = shortage(NOTHING, ((scope, account),), turn.now_ms)
    if beyond is None:
        return
    for number in [n for n in sorted(turn.state.active) if runs_in(turn.state.tasks[n], scope)]:
        park_for_budget(turn, number, beyond.lack, turn.now_ms)
