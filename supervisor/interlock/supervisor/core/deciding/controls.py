"""Decides about stop and go: reads what a control is over, and lets that be switched; limits are raised."""

from interlock.contracts import facts
from interlock.contracts.budget import Amounts
from interlock.contracts.control import Control, RaiseLimit
from interlock.contracts.errors import MalformedSubject
from interlock.contracts.inputs import Input
from interlock.contracts.scope import Scope, read_scope
from interlock.supervisor.core.deciding.resuming import resume
from interlock.supervisor.core.deciding.switching import switch_fleet, switch_named
from interlock.supervisor.core.deciding.switching_tasks import switch_step, switch_task
from interlock.supervisor.core.turn import Turn

MOST_NAME_CHARS = 128


def controlled(turn: Turn, said: Input, body: Control) -> None:
    """Apply a switch to what the subject names."""
    try:
        scope = read_scope(said.rest)
    except MalformedSubject as error:
        turn.refuse(0, said.seq, str(error))
        return
    if body.for_s is not None and said.verb != "pause":
        _refuse(turn, said, f"only a pause can end by itself: {said.verb} without a time")
    elif len(scope.name) > MOST_NAME_CHARS:
        turn.refuse(0, said.seq, f"a name has at most {MOST_NAME_CHARS} characters: {scope.name}")
    else:
        _switch(turn, said, body, scope)


def _switch(turn: Turn, said: Input, body: Control, scope: Scope) -> None:
    match scope.kind:
        case "fleet":
            switch_fleet(turn, said, body)
        case "task":
            switch_task(turn, said, body)
        case "step":
            switch_step(turn, said, body, scope)
        case _:
            switch_named(turn, said, body, scope)


def _refuse(turn: Turn, said: Input, reason: str) -> None:
    turn.refuse(said.task if turn.task(said.task) is not None else 0, said.seq, reason)


def raised(turn: Turn, said: Input, body: RaiseLimit) -> None:
    """Add to a task's limits; a task parked for its budget goes on."""
    task = turn.task(said.task)
    if task is None:
        turn.refuse(0, said.seq, f"there is no task {said.task}")
        return
    if not task.active:
        turn.refuse(task.id, said.seq, f"it has ended ({task.phase}): submit it anew with a larger budget")
        return
    raise_limits(turn, said, task.id, body.more, body.reason)


def raise_limits(turn: Turn, said: Input, number: int, more: Amounts, reason: str) -> None:
    """Add to the limits of a task that goes on; one that is parked for its budget is resumed."""
    task = turn.state.tasks[number]
    budget = task.account.budget.raised_by(more)
    turn.say(number, facts.LimitRaised(by=said.principal, budget=budget, more=more, reason=reason))
    if task.hold == "parked" and task.parked_for == "budget":
        resume(turn, turn.state.tasks[number], said.principal, reason, "raised", record=said.seq)
