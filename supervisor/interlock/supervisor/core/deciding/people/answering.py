"""Decides about answers: to agents' questions, and of people who do a step; about noes to either."""

from interlock.contracts import facts
from interlock.contracts.inputs import Input
from interlock.contracts.message import line
from interlock.contracts.people import Answer, Reject
from interlock.supervisor.core.deciding.denying import denied
from interlock.supervisor.core.deciding.fates import is_awaited
from interlock.supervisor.core.deciding.people.resolving import resolve
from interlock.supervisor.core.deciding.people.steps import answer_objection
from interlock.supervisor.core.deciding.steps import give_up, step_done
from interlock.supervisor.core.escalation import Escalation
from interlock.supervisor.core.turn import Turn

BY_PERSON = "person"


def answer_question(turn: Turn, said: Input, body: Answer, task: int, known: Escalation) -> None:
    """Give an agent its answer."""
    wrong = answer_objection({}, body)
    if wrong:
        turn.refuse(task, said.seq, wrong)
        return
    effect = known.said.effect
    resolve(turn, task, known.said.number, "answered", said)
    turn.say(
        task,
        facts.EffectSettled(
            at_ms=turn.now_ms,
            effect=effect,
            grant=0,
            end="answered",
            basis="nothing",
            outcome=said.seq,
            fate="completed" if is_awaited(turn.state, effect) else None,
        ),
    )


def answer_step(turn: Turn, said: Input, body: Answer, task: int, known: Escalation) -> None:
    """Take a person's result of a step, if it is of the form that was asked for."""
    wrong = answer_objection(known.said.form, body)
    if wrong:
        turn.refuse(task, said.seq, line(wrong))
        return
    resolve(turn, task, known.said.number, "answered", said)
    step_done(turn, task, turn.state.tasks[task].steps[known.said.step], said.seq)


def reject_effect(turn: Turn, said: Input, body: Reject, task: int, known: Escalation) -> None:
    """Say no to whoever asked, and why; of what is planted, only that it was noticed."""
    resolve(turn, task, known.said.number, "rejected", said, line(body.reason))
    if task and not known.said.canary:
        effect = turn.state.tasks[task].effects[known.said.effect]
        turn.say(task, denied(effect, BY_PERSON, f"{said.principal} said no: {body.reason}"))


def reject_step(turn: Turn, said: Input, body: Reject, task: int, known: Escalation) -> None:
    """Give up a step that a person will not do."""
    resolve(turn, task, known.said.number, "rejected", said, line(body.reason))
    step = turn.state.tasks[task].steps[known.said.step]
    give_up(turn, task, step, f"{said.principal} said no: {body.reason}")
