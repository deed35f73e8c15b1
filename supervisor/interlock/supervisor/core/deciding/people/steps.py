"""Decides about steps that a person does: who is asked for what, and whether the answer is of its form."""

from typing import Any, cast

import msgspec

from interlock.contracts import facts
from interlock.contracts.message import Json, line
from interlock.contracts.people import HUMAN, Answer
from interlock.contracts.plan import PlannedStep
from interlock.contracts.roles import RoleOffer
from interlock.contracts.shapes import misfit, schema_objection
from interlock.supervisor.core.deciding.people.escalating import OPERATOR, escalate
from interlock.supervisor.core.provenance import evidence_of
from interlock.supervisor.core.ready import waiting
from interlock.supervisor.core.state import Step, Task
from interlock.supervisor.core.switches import stops_step, stops_tenant
from interlock.supervisor.core.turn import Turn

OFFER = RoleOffer(
    role=HUMAN,
    objective=(
        "A person decides or does what no agent may. Say in `ask` what, and in `form` (a JSON Schema) what "
        "the answer looks like; `to` is a role or person."
    ),
    input_schema={
        "type": "object",
        "properties": {"ask": {"type": "string"}, "to": {"type": "string"}, "form": {"type": "object"}},
        "required": ["ask"],
    },
)
"""How planners are told that they may give a step to a person."""


def objections_to(step: PlannedStep) -> list[str]:
    """Return what is wrong with a person's step in a plan, in sentences for its author."""
    wrong: list[str] = []
    if not _text(step.input, "ask").strip():
        wrong.append(f"step {step.id}: a person needs to know what to do: say it in its input as `ask`")
    if "to" in step.input and not _text(step.input, "to"):
        wrong.append(f"step {step.id}: `to` is the name of a role or person")
    form = _form(step.input)
    objection = "it is no object" if form is None else schema_objection(form)
    if objection:
        wrong.append(f"step {step.id}: `form` is a JSON Schema of the answer, but {objection}")
    return wrong


def ask_people(turn: Turn) -> None:
    """Ask people to do the steps that are theirs and may begin."""
    for ready in list(waiting(turn.state, HUMAN)):
        task = turn.state.tasks[ready.task]
        if stops_step(turn.state, task.id, ready.step) or stops_tenant(turn.state, task.tenant):
            continue
        if turn.is_full(task.id):
            continue
        step = task.steps[ready.step]
        escalate(turn, task.id, _asked(task, step))
        suspended = facts.StepSuspended(
            at_ms=turn.now_ms, step=step.id, attempt=step.attempt, reason="a person does it"
        )
        turn.say(task.id, suspended)


def _asked(task: Task, step: Step) -> facts.Escalated:
    notes = "".join(f" ({note})" for note in step.notes)
    return facts.Escalated(
        at_ms=0,
        number=0,
        kind="step",
        summary=line(_text(step.input, "ask") + notes),
        role=HUMAN,
        step=step.id,
        attempt=step.attempt,
        form=_form(step.input) or {},
        evidence=evidence_of(task, step),
        desk=_text(step.input, "to") or OPERATOR,
        blocks=True,
    )


def answer_objection(form: Json, answer: Answer) -> str:
    """Return why an answer will not do, as a sentence; empty: it will."""
    if not form:
        return "" if answer.text.strip() or answer.value is not msgspec.UNSET else "the answer is empty"
    if answer.value is msgspec.UNSET:
        return "a form is asked for: give the answer as a value"
    try:
        value: Any = msgspec.json.decode(answer.value)
    except (msgspec.DecodeError, RecursionError) as error:
        return f"the answer is not JSON: {error}"
    wrong = misfit(form, value)
    return f"the answer does not fit its form {wrong}" if wrong else ""


def _form(given: Json) -> Json | None:
    """Return the schema of the answer that a step's input asks for; None: what stands there is none."""
    form: Any = given.get("form", {})
    return cast("Json", form) if isinstance(form, dict) else None


def _text(given: Json, name: str) -> str:
    value = given.get(name, "")
    return value if isinstance(value, str) else ""
