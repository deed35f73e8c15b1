"""Decides what happens when nobody has answered in time: the next in line is asked, and at last it is a no.

Nothing ever goes on because nobody answered.
"""

from interlock.contracts import facts
from interlock.supervisor.core.deciding.denying import denied
from interlock.supervisor.core.deciding.people.answering import BY_PERSON
from interlock.supervisor.core.deciding.people.parking import PARKING
from interlock.supervisor.core.deciding.people.resolving import end_task, void
from interlock.supervisor.core.deciding.steps import give_up
from interlock.supervisor.core.escalation import Escalation
from interlock.supervisor.core.limits import MAX_CLIMBED
from interlock.supervisor.core.routing import deadline_of, route_of
from interlock.supervisor.core.state import State
from interlock.supervisor.core.switches import is_paused
from interlock.supervisor.core.turn import Turn

LATE = "nobody has answered in time"


def climb(turn: Turn) -> None:
    """Look at everything that is asked whose time is over; some now, the others when it ticks again."""
    late = [
        place
        for place, known in turn.state.escalations.items()
        if known.deadline_ms is not None and turn.now_ms >= known.deadline_ms
    ]
    for task, number in sorted(late)[:MAX_CLIMBED]:
        known = turn.state.escalations.get((task, number))
        if known is not None and not _stands(turn.state, task) and not turn.is_full(task):
            _ask_next(turn, task, known)


def _stands(state: State, task: int) -> bool:
    return bool(task) and is_paused(state, state.tasks[task])


def _ask_next(turn: Turn, task: int, known: Escalation) -> None:
    route = route_of(turn.state, known.desk)
    following = route.then if route is not None else ""
    if following and following not in known.desks:
        reason = f"nobody at the desk of {known.desk} has answered in time"
        _move(turn, task, known, following, deadline_of(turn.state, following, turn.now_ms), reason)
    elif known.said.at_last == "deny":
        _expire(turn, task, known)
    else:
        _move(turn, task, known, known.desk, None, "nobody is left to be asked: it waits")


def _move(turn: Turn, task: int, known: Escalation, desk: str, deadline_ms: int | None, reason: str) -> None:
    turn.say(
        task,
        facts.EscalationMoved(
            at_ms=turn.now_ms, number=known.said.number, desk=desk, deadline_ms=deadline_ms, reason=reason
        ),
    )


def _expire(turn: Turn, task: int, known: Escalation) -> None:
    """Take silence for a no."""
    said = known.said
    void(turn, task, said.number, LATE, "expired")
    if not task:
        return
    if said.kind in PARKING:
        end_task(turn, task, facts.Failed(at_ms=turn.now_ms, kind="person", reason=LATE))
    elif said.kind == "step":
        give_up(turn, task, turn.state.tasks[task].steps[said.step], LATE)
    elif said.blocks:
        turn.say(task, denied(turn.state.tasks[task].effects[said.effect], BY_PERSON, LATE))
