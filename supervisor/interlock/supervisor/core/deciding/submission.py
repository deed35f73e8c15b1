"""Decides about submissions: what is accepted, what is rejected and why."""

from interlock.contracts import facts
from interlock.contracts.budget import DEFAULT_TASK_BUDGET
from interlock.contracts.inputs import Input
from interlock.contracts.message import line
from interlock.contracts.task import Submit
from interlock.supervisor.core.deciding.entitling import tenant_forbidden
from interlock.supervisor.core.deciding.planning import begin_plan, objections, request_plan, shapes_of_inputs
from interlock.supervisor.core.switches import tenant_switch
from interlock.supervisor.core.turn import Turn

_CLOSED = ("draining", "killed")


def submitted(turn: Turn, said: Input, body: Submit) -> None:
    """Accept or reject a task; the sequence of its submission is its id."""
    number = said.seq
    closed = _closed(turn, body.tenant)
    if closed:
        turn.say(number, facts.Rejected(reason=closed))
        return
    foreign = tenant_forbidden(turn.state, said, body.tenant)
    if foreign:
        turn.say(number, facts.Rejected(reason=line(foreign), where="$.tenant"))
        return
    if not body.goal.strip():
        turn.say(number, facts.Rejected(reason="the goal is blank: say what is wanted", where="$.goal"))
        return
    wrong = objections(body.plan, None, shapes=shapes_of_inputs(turn.state)) if body.plan is not None else ()
    if wrong:
        turn.say(number, facts.Rejected(reason=line("; ".join(wrong)), where="$.plan"))
        return
    turn.say(number, _accepted(said, body))
    if body.plan is not None:
        begin_plan(turn, number, body.plan)
    else:
        request_plan(turn, number, ())


def _closed(turn: Turn, tenant: str) -> str:
    """Return why no new work is taken, as a sentence; empty: it is."""
    whose, state, words = "the fleet", turn.state.switch, "fleet"
    if state not in _CLOSED:
        whose, state, words = f"the tenant {tenant}", tenant_switch(turn.state, tenant), f"tenant {tenant}"
    if state not in _CLOSED:
        return ""
    return f"{whose} is {state} and takes no new work; submit again after `interlock resume {words}`"


def _accepted(said: Input, body: Submit) -> facts.Accepted:
    return facts.Accepted(
        at_ms=said.time_ms,
        goal=body.goal,
        submitter=said.principal,
        tenant=body.tenant,
        priority=body.priority,
        budget=body.budget.or_else(DEFAULT_TASK_BUDGET),
        docs=body.docs,
        model=body.model,
        criteria=body.criteria,
        review=body.review,
        deadline_ms=None if body.deadline_s is None else said.time_ms + body.deadline_s * 1_000,
    )
