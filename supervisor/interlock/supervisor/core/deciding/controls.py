"""Decides about stop and go: a task's hold, the fleet's switch, raised limits."""

from interlock.contracts import facts
from interlock.contracts.control import Control, RaiseLimit
from interlock.contracts.inputs import Input
from interlock.supervisor.core.deciding.resuming import resume
from interlock.supervisor.core.deciding.retrying import retry_held
from interlock.supervisor.core.transitions import FLEET, HOLDS
from interlock.supervisor.core.turn import Turn


def controlled(turn: Turn, said: Input, body: Control) -> None:
    """Apply a switch to what the subject names."""
    scope = said.rest[0] if said.rest else ""
    if scope == "fleet":
        _fleet(turn, said, body)
    elif scope == "task" and said.task:
        _task(turn, said, body)
    else:
        turn.refuse(
            0, said.seq, f"{said.verb} works on task.<number> or fleet, not on {'.'.join(said.rest)!r}"
        )


def _task(turn: Turn, said: Input, body: Control) -> None:
    task = turn.task(said.task)
    if task is None:
        turn.refuse(0, said.seq, f"there is no task {said.task}")
    elif not task.active:
        turn.refuse(task.id, said.seq, f"task {task.id} has ended: {task.phase}")
    elif said.verb == "kill":
        turn.say(task.id, facts.Halted(at_ms=turn.now_ms, by=said.principal, reason=body.reason))
    elif said.verb == "pause" and "paused" in HOLDS[task.hold]:
        turn.say(task.id, facts.Paused(at_ms=turn.now_ms, by=said.principal, reason=body.reason))
    elif said.verb == "resume" and "resumed" in HOLDS[task.hold]:
        resume(turn, task, said.principal, body.reason)
    else:
        turn.refuse(task.id, said.seq, f"task {task.id} is {task.hold}: it cannot {said.verb}")


def raised(turn: Turn, said: Input, body: RaiseLimit) -> None:
    """Add to a task's limits; a task parked for its budget goes on."""
    task = turn.task(said.task)
    if task is None:
        turn.refuse(0, said.seq, f"there is no task {said.task}")
        return
    if not task.active:
        turn.refuse(task.id, said.seq, f"it has ended ({task.phase}): submit it anew with a larger budget")
        return
    budget = task.account.budget.raised_by(body.more)
    raised_limit = facts.LimitRaised(by=said.principal, budget=budget, more=body.more, reason=body.reason)
    turn.say(task.id, raised_limit)
    if task.hold == "parked" and task.parked_for == "budget":
        resume(turn, turn.state.tasks[task.id], said.principal, body.reason)


def _fleet(turn: Turn, said: Input, body: Control) -> None:
    following = FLEET[turn.state.switch].get(said.verb)
    if following is None:
        turn.refuse(0, said.seq, f"the fleet is {turn.state.switch}: it cannot {said.verb}")
        return
    turn.say(
        0, facts.FleetSwitched(at_ms=turn.now_ms, state=following, by=said.principal, reason=body.reason)
    )
    active = sorted(turn.state.active)
    if following == "killed":
        for number in active:
            turn.say(number, facts.Halted(at_ms=turn.now_ms, by=said.principal, reason=body.reason))
    elif following in {"running", "draining"}:
        for number in active:
            retry_held(turn, number)
