"""How facts about what people are asked, and what they decide, change the state."""

from immutables import Map

from interlock.contracts import facts
from interlock.contracts.approval import Approval
from interlock.supervisor.core.changes import put_effect, put_task
from interlock.supervisor.core.escalation import Escalation
from interlock.supervisor.core.evolving.effects import asked
from interlock.supervisor.core.evolving.tasks import task_of
from interlock.supervisor.core.state import State, replace
from interlock.supervisor.errors import IllegalFact

OF_EFFECTS = ("approval", "question")
"""Kinds for which the effect itself waits."""
MOST_VERDICTS = 1_024
"""How many verdicts about what is of no task are remembered."""
_MS = 1_000


def escalated(state: State, number: int, fact: facts.Escalated) -> State:
    """Open an escalation; its effect waits, where it is about one: what is planted is about none."""
    if fact.number != state.escalated.get(number, 0) + 1:
        raise IllegalFact(f"escalation {number}.{fact.number} is not the next")
    task = task_of(state, number) if number else None
    if number and fact.kind in OF_EFFECTS and not fact.canary:
        state = asked(state, number, fact)
    elif task is not None and fact.kind == "deadline":
        state = put_task(state, replace(task, told_late=True))
    opened = Escalation(
        said=fact,
        desk=fact.desk,
        deadline_ms=fact.deadline_ms,
        arguments=fact.arguments,
        digest=fact.digest,
        needs=fact.needs,
        rules=fact.rules,
        excluded=fact.excluded,
        since_ms=fact.at_ms,
        desks=(fact.desk,),
    )
    return replace(
        state,
        escalations=state.escalations.set((number, fact.number), opened),
        escalated=state.escalated.set(number, fact.number),
    )


def moved(state: State, number: int, fact: facts.EscalationMoved) -> State:
    """Let somebody else be asked."""
    known = _open(state, number, fact.number)
    moved_on = replace(
        known,
        desk=fact.desk,
        deadline_ms=fact.deadline_ms,
        since_ms=fact.at_ms,
        desks=(*known.desks, fact.desk),
    )
    return _put(state, number, moved_on)


def counted(state: State, number: int, fact: facts.ApprovalCounted) -> State:
    """Count one who agrees; earlier ones that have expired, or were of other policies, count no more."""
    known = _open(state, number, fact.number)
    still = tuple(
        one
        for one in known.approvals
        if one.by != fact.by
        and expires_ms(one) > fact.at_ms
        and one.approval.statement.policies == fact.approval.statement.policies
    )
    return _put(state, number, replace(known, approvals=(*still, fact)))


def edited(state: State, number: int, fact: facts.ArgumentsEdited) -> State:
    """Put other arguments in place; nobody has agreed to these yet."""
    known = _open(state, number, fact.number)
    changed = replace(
        known,
        arguments=fact.arguments,
        digest=fact.digest,
        needs=fact.needs,
        rules=fact.rules,
        excluded=fact.excluded,
        approvals=(),
        edited_by=fact.by,
    )
    return _put(state, number, changed)


def resolved(state: State, number: int, fact: facts.Resolved) -> State:
    """Close it; an effect that was agreed to carries its approvals from here on."""
    known = _open(state, number, fact.number)
    state = replace(
        state,
        escalations=state.escalations.delete((number, fact.number)),
        verdicts=_remembered(state, number, fact),
    )
    if _is_of_a_call(known) and number and fact.verdict in {"approved", "edited"}:
        return _approved(state, number, known, fact)
    return state


def delegated(state: State, _task: int, fact: facts.Delegated) -> State:
    """Let somebody stand in for another."""
    return replace(state, delegations=state.delegations.set(fact.by, fact))


def expires_ms(said: facts.ApprovalCounted) -> int:
    """Return until when an approval counts."""
    return said.at_ms + said.approval.statement.valid_s * _MS


def _is_of_a_call(known: Escalation) -> bool:
    return known.said.kind == "approval" and not known.said.canary


def _approved(state: State, number: int, known: Escalation, fact: facts.Resolved) -> State:
    task = state.tasks[number]
    effect = task.effects.get(known.said.effect)
    if effect is None or effect.state != "escalated":
        raise IllegalFact(f"effect {known.said.effect} of task {number} does not wait for people")
    counting = [said for said in known.approvals if said.by in fact.by]
    approvals: tuple[Approval, ...] = tuple(
        replace(said.approval, counted_ms=said.at_ms) for said in counting
    )
    return put_effect(
        state,
        task,
        replace(
            effect,
            demand=replace(effect.demand, arguments=known.arguments),
            arguments=known.arguments if known.edited_by else effect.arguments,
            needs=known.needs,
            agreed=known.said.cost,
            approvals=approvals,
            approved_until_ms=min(map(expires_ms, counting), default=fact.at_ms),
            requester_may=task.submitter not in known.excluded,
        ),
    )


def _open(state: State, task: int, number: int) -> Escalation:
    found = state.escalations.get((task, number))
    if found is None:
        raise IllegalFact(f"there is no open escalation {task}.{number}")
    return found


def _put(state: State, task: int, changed: Escalation) -> State:
    key = (task, changed.said.number)
    return replace(state, escalations=state.escalations.set(key, changed))


def _remembered(state: State, task: int, fact: facts.Resolved) -> Map[tuple[int, int], facts.Resolved]:
    verdicts = state.verdicts.set((task, fact.number), fact)
    old = (task, fact.number - MOST_VERDICTS)
    return verdicts.delete(old) if not task and old in verdicts else verdicts
