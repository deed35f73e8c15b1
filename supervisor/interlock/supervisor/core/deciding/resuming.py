"""Decides how a task goes on that was held."""

from interlock.contracts import facts
from interlock.contracts.people import VerdictKind
from interlock.supervisor.core.deciding.people.parking import resolve_parking
from interlock.supervisor.core.deciding.planning import plan_anew
from interlock.supervisor.core.deciding.retrying import retry_held
from interlock.supervisor.core.deciding.reviewing import revise
from interlock.supervisor.core.state import Task
from interlock.supervisor.core.turn import Turn


def resume(
    turn: Turn, task: Task, by: str, reason: str, verdict: VerdictKind = "resumed", *, record: int = 0
) -> None:
    """Let a held task go on where it was: what it was held for is tried again, and nobody is asked any more.

    `record` holds the word of whoever let it go on, `verdict` what it was.
    """
    turn.say(task.id, facts.Resumed(at_ms=turn.now_ms, by=by, reason=reason))
    resolve_parking(turn, task.id, by, reason, verdict, record)
    if task.parked_for == "review":
        revise(turn, task.id, (task.reason, *((reason,) if reason else ())))
    elif task.phase == "working":
        dead = next((task.steps[name] for name in task.order if task.steps[name].state == "dead"), None)
        if dead is not None:
            plan_anew(turn, task.id, dead.waiting)
    retry_held(turn, task.id)
