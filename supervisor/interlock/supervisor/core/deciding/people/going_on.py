"""Decides what follows when people say of a task that stands still whether it shall go on, or end."""

from interlock.contracts import facts
from interlock.contracts.inputs import Input
from interlock.contracts.message import line
from interlock.contracts.people import Abort, Approve, Raise, Reject, VerdictKind
from interlock.supervisor.core.deciding.controls import raise_limits
from interlock.supervisor.core.deciding.people.parking import PARKING
from interlock.supervisor.core.deciding.people.resolving import end_task, open_of, resolve
from interlock.supervisor.core.deciding.resuming import resume
from interlock.supervisor.core.escalation import Escalation
from interlock.supervisor.core.turn import Turn


def go_on(turn: Turn, said: Input, body: Approve, task: int, known: Escalation) -> None:
    """Let a task go on, once nothing else of the kind is open in it."""
    owner = turn.task(task)
    if owner is None or not task:
        seen(turn, said, body, task, known)
        return
    if owner.hold not in {"parked", "free"}:
        turn.refuse(task, said.seq, f"task {task} is {owner.hold}: whoever did that has to resume it first")
        return
    resolve(turn, task, known.said.number, "resumed", said, line(body.reason))
    others = [turn.state.escalations[task, each].said.kind for each in open_of(turn.state, task)]
    if owner.hold == "parked" and not PARKING.intersection(others):
        resume(turn, turn.state.tasks[task], said.principal, body.reason, record=said.seq)


def raise_and_go_on(turn: Turn, said: Input, body: Raise, task: int, known: Escalation) -> None:
    """Add to the limits of a task's budget, and let it go on."""
    lack = turn.state.tasks[task].lack
    if lack is not None and lack.scope.split()[0] not in {"task", "step"}:
        reason = f"what it lacks is {lack.dimension} of the {lack.scope}: `interlock limits set {lack.scope}`"
        turn.refuse(task, said.seq, reason)
        return
    resolve(turn, task, known.said.number, "raised", said, line(body.reason))
    raise_limits(turn, said, task, body.more, body.reason)


def end_it(turn: Turn, said: Input, body: Reject | Abort, task: int, known: Escalation) -> None:
    """End the task that asks, with what it has; what is planted was asked by no task, and ends none."""
    if known.said.canary:
        resolve(turn, task, known.said.number, "rejected", said, line(body.reason))
        return
    number = task or known.said.about
    owner = turn.task(number)
    if owner is None or not owner.active:
        turn.refuse(
            task, said.seq, f"{task}.{known.said.number} is about no task that goes on: approve it as seen"
        )
        return
    resolve(turn, task, known.said.number, "aborted", said, line(body.reason))
    reason = f"{said.principal} has ended it" + (f": {body.reason}" if body.reason else "")
    end_task(turn, number, facts.Failed(at_ms=turn.now_ms, kind="person", reason=line(reason)))


def seen(turn: Turn, said: Input, body: Approve | Reject, task: int, known: Escalation) -> None:
    """Take it that somebody has seen what was only told."""
    verdict: VerdictKind = "approved" if isinstance(body, Approve) else "rejected"
    resolve(turn, task, known.said.number, verdict, said, line(body.reason))
