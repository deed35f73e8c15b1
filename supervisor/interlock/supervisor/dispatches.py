"""Builds what is told to agents and effect workers from the state and the records that it names. Pure."""

from collections.abc import Mapping

import msgspec

from interlock.contracts import effect as effects
from interlock.contracts.dispatch import Cancel, DoEffect, DoStep, Outcome
from interlock.contracts.effect import Call, EffectEnd
from interlock.contracts.message import Json, Message
from interlock.contracts.people import Answer
from interlock.contracts.roles import RoleOffer
from interlock.contracts.step import StepResult
from interlock.supervisor.core.deciding.people.steps import OFFER
from interlock.supervisor.core.evolving.tasks import PLANNER, REVIEWER
from interlock.supervisor.core.state import Effect, State, Step, Task

_NULL = msgspec.Raw(b"null")


def records_of_step(task: Task, step: Step) -> dict[str, int]:
    """Return which records a step builds upon, by the name of the step that made them."""
    return {name: task.steps[name].result for name in step.after if name in task.steps}


def do_step(state: State, task: Task, step: Step, given: Mapping[str, Message]) -> DoStep:
    """Build the dispatch of an assigned step; `given` holds the results it builds upon."""
    return DoStep(
        task=task.id,
        step=step.id,
        attempt=step.attempt,
        role=step.role,
        title=step.title,
        goal=task.goal,
        input=_input(state, task, step),
        given={name: value for name, body in given.items() if (value := result_of(body)) is not None},
        notes=step.notes,
        model=task.model,
        docs=task.docs,
        deadline_ms=step.deadline_ms,
        tenant=task.tenant,
    )


def result_of(body: Message) -> msgspec.Raw | None:
    """Return what a step came to, from the record that holds it: an agent's result, or a person's answer."""
    if isinstance(body, StepResult):
        return body.value
    return _answer(body) if isinstance(body, Answer) else None


def _answer(body: Answer) -> msgspec.Raw:
    if isinstance(body.value, msgspec.Raw):
        return body.value
    return msgspec.Raw(msgspec.json.encode(body.text))


def _input(state: State, task: Task, step: Step) -> Json:
    if step.role == PLANNER:
        return {
            "goal": task.goal,
            "criteria": task.criteria,
            "roles": _roles(state),
            "refusals": step.refusals,
        }
    if step.role == REVIEWER:
        return {"goal": task.goal, "criteria": task.criteria, "round": task.review_rounds}
    return step.input


def _roles(state: State) -> list[RoleOffer]:
    """Return the roles that a plan may use: those of agents that are here, each once, and then people."""
    offers = {
        agent.charter.role: RoleOffer(
            role=agent.charter.role,
            objective=agent.charter.objective,
            scope=agent.charter.scope,
            keywords=agent.charter.keywords,
            input_schema=agent.input_schema,
        )
        for _, agent in sorted(state.agents.items())
        if agent.charter.role not in {PLANNER, REVIEWER}
    }
    # To people alone no work is given: where no agent is here yet, a planner supposes that some will come.
    return [offers[role] for role in sorted(offers)] + ([OFFER] if offers else [])


def do_effect(task: Task, effect: Effect, incarnation: str, call: Call, as_of: int) -> DoEffect:
    """Build the dispatch of a grant to that incarnation of its worker."""
    step = task.steps.get(effect.step)
    return DoEffect(
        task=task.id,
        step=effect.step,
        attempt=effect.attempt,
        effect=effect.seq,
        grant=effect.grant,
        key=effect.key,
        agent="" if step is None or effect.call is not None else step.principal,
        incarnation=incarnation,
        call=_named(call, effect),
        reserved=effect.reserved,
        max_output_tokens=effect.max_output_tokens,
        docs=task.docs,
        role=effect.role,
        tenant=task.tenant,
        as_of=as_of,
        to_count=effect.to_count,
        counted_tokens=effect.demand.counted_tokens or 0,
        needs=effect.needs,
        approvals=effect.approvals,
        approved_until_ms=effect.approved_until_ms,
        requester_may=effect.requester_may,
        flags=effect.flags,
    )


def _named(call: Call, effect: Effect) -> Call:
    """Return the call with what was decided about: a model that was left open, arguments that were edited."""
    if isinstance(call, effects.ToolCall) and effect.arguments is not None:
        return msgspec.structs.replace(call, arguments=effect.arguments)
    if isinstance(call, effects.ModelCall) and call.model != effect.demand.name:
        return msgspec.structs.replace(call, model=effect.demand.name)
    return call


def outcome(task: int, effect: Effect, end: EffectEnd, body: Message | None, message: str = "") -> Outcome:
    """Build what an agent is told of an effect's end from the record that holds it."""
    value, transient = _NULL, False
    if isinstance(body, effects.EffectCompleted):
        value = body.value
    elif isinstance(body, effects.EffectFailed):
        message, transient = body.message, body.transient
    elif isinstance(body, effects.EffectAborted):
        message = body.reason
    elif isinstance(body, Answer):
        value = _answer(body)
    return Outcome(
        task=task,
        step=effect.step,
        key=effect.key,
        effect=effect.seq,
        end=end,
        value=value,
        message=message,
        transient=transient,
    )


def cancel(task: int, reason: str, *, step: str = "all", attempt: int = 0, effect: int = 0) -> Cancel:
    """Build the order to stop."""
    return Cancel(task=task, step=step, attempt=attempt, effect=effect, reason=reason)


def withdraw(task: int, effect: Effect, incarnation: str, reason: str) -> Cancel:
    """Build the order that takes a grant back from that incarnation of its worker."""
    return Cancel(
        task=task,
        step=effect.step,
        effect=effect.seq,
        grant=effect.grant,
        incarnation=incarnation,
        reason=reason,
    )
