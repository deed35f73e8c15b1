"""Decides about what people say of what they were asked: to whom it applies, who may, and that one counts.

What a verdict means for its kind, others decide.
"""

from collections.abc import Callable, Mapping
from typing import Any

from interlock.contracts.inputs import Input
from interlock.contracts.message import Message, snake
from interlock.contracts.people import Abort, Answer, Approve, Edit, EscalationKind, Raise, Reassign, Reject
from interlock.supervisor.core.deciding.people.answering import (
    answer_question,
    answer_step,
    reject_effect,
    reject_step,
)
from interlock.supervisor.core.deciding.people.approving import approve, edit
from interlock.supervisor.core.deciding.people.delegating import reassign
from interlock.supervisor.core.deciding.people.going_on import end_it, go_on, raise_and_go_on, seen
from interlock.supervisor.core.deciding.people.resolving import why_closed
from interlock.supervisor.core.deciding.people.reviews import review_failed
from interlock.supervisor.core.escalation import Escalation
from interlock.supervisor.core.membership import OPERATOR, may_speak_for
from interlock.supervisor.core.turn import Turn

Decider = Callable[[Turn, Input, Any, int, Escalation], None]
MOST_DIGITS = 18

_ANY: dict[type[Message], Decider] = {Reassign: reassign, Abort: end_it}
_PARKED: dict[type[Message], Decider] = {Approve: go_on, Reject: end_it}
_NEWS: dict[type[Message], Decider] = {Approve: seen, Reject: seen}
_OF_KIND: Mapping[EscalationKind, Mapping[type[Message], Decider]] = {
    "approval": {Approve: approve, Edit: edit, Reject: reject_effect},
    "question": {Answer: answer_question, Reject: reject_effect},
    "step": {Answer: answer_step, Reject: reject_step},
    "budget": {**_PARKED, Raise: raise_and_go_on},
    "rejection": _PARKED,
    "loop": _PARKED,
    "overrun": _PARKED,
    "in_doubt": _PARKED,
    "deadline": _NEWS,
    "crash": _NEWS,
    "violation": _NEWS,
    "review": {Approve: seen, Reject: review_failed},
}
_BY_SIGNATURE = (Approve, Edit)


def verdict_came(turn: Turn, said: Input, body: Message) -> None:
    """Take what a person says of an escalation that is open."""
    place = _place(said.rest)
    if place is None:
        turn.refuse(0, said.seq, f"name one escalation, as human.{said.verb}.<task>.<number>")
        return
    task, number = place
    known = turn.state.escalations.get(place)
    if known is None:
        there = task if turn.task(task) is not None else 0
        turn.refuse(there, said.seq, why_closed(turn.state, task, number))
        return
    deciders = {**_OF_KIND[known.said.kind], **_ANY}
    decider = deciders.get(type(body))
    if decider is None:
        words = ", ".join(snake(each.__name__) for each in deciders)
        kind = known.said.kind
        article = "an" if kind[0] in "aeio" else "a"
        turn.refuse(task, said.seq, f"{task}.{number} is {article} {kind.replace('_', ' ')}: {words} it")
        return
    signed = known.said.kind == "approval" and isinstance(body, _BY_SIGNATURE)
    if signed or _may(turn, said.principal, known):
        decider(turn, said, body, task, known)
    else:
        reason = f"{task}.{number} is on the desk of {known.desk}: {said.principal} does not belong there"
        turn.refuse(task, said.seq, reason)


def _may(turn: Turn, who: str, known: Escalation) -> bool:
    """Tell whether somebody may decide without a signature: who is asked, who operates, and who had asked."""
    roles = {OPERATOR, *known.desks, *(need.role for need in known.needs)}
    if any(may_speak_for(turn.state, who, role, turn.now_ms) for role in roles):
        return True
    return known.said.kind in {"question", "step", "approval"} and who == known.said.submitter


def _place(rest: tuple[str, ...]) -> tuple[int, int] | None:
    if len(rest) != len(("task", "number")) or not all(w.isdecimal() and len(w) <= MOST_DIGITS for w in rest):
        return None
    return int(rest[0]), int(rest[1])
