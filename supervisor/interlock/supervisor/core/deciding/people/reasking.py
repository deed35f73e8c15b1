"""Asks anew what people were asked under rules that do not hold any more: what they said of those is void."""

from interlock.contracts import facts
from interlock.contracts.consent import signed_model
from interlock.supervisor.core.deciding.authorising import model_ruling, tool_ruling, version
from interlock.supervisor.core.deciding.granting import try_grant
from interlock.supervisor.core.deciding.offers import charter_of, offered_as, riskiest
from interlock.supervisor.core.deciding.people.canaries import asked_for
from interlock.supervisor.core.escalation import Escalation
from interlock.supervisor.core.limits import MAX_REASKED
from interlock.supervisor.core.ruling import Ruling
from interlock.supervisor.core.state import Effect, Task
from interlock.supervisor.core.turn import Turn


def reask_stale(turn: Turn) -> None:
    """Ask about calls that wait under other policies than those in force, some at a time."""
    now = version(turn.state)
    stale = [
        (key, known)
        for key, known in turn.state.escalations.items()
        if known.said.policies != now and _is_of_a_call(key[0], known)
    ]
    for (number, _), known in sorted(stale, key=lambda each: each[0])[:MAX_REASKED]:
        if not turn.is_full(number):
            _reask(turn, number, known, "the policies have changed: it is judged by these")


def reask_role(turn: Turn, role: str) -> None:
    """Ask about a role's calls that would be ruled differently, now that it may go further or less far."""
    concerned = [
        (number, known)
        for (number, _), known in sorted(turn.state.escalations.items(), key=lambda each: each[0])
        if known.said.role == role and _is_of_a_call(number, known)
    ]
    for number, known in concerned[:MAX_REASKED]:
        if not turn.is_full(number) and _is_ruled_differently(turn, number, known):
            _reask(turn, number, known, f"how far {role} goes by itself has changed")


def _is_of_a_call(task: int, known: Escalation) -> bool:
    """Tell whether it is about a call, or seems to be: on the fleet no call is asked about."""
    return known.said.kind == "approval" and bool(task)


def _is_ruled_differently(turn: Turn, number: int, known: Escalation) -> bool:
    task = turn.state.tasks[number]
    effect = asked_for(task, known)
    ruling = None if effect is None else _ruling(turn, task, effect, known)
    if ruling is None:
        return False
    return not ruling.allowed or ruling.suggested or ruling.needs != known.needs


def _ruling(turn: Turn, task: Task, effect: Effect, known: Escalation) -> Ruling | None:
    """Return what is ruled now of the call that people are asked about; None: nobody offers it."""
    charter, model = charter_of(turn, task, effect), signed_model(known.said.tool)
    if model:
        offer = offered_as(turn.state, model, known.arguments)
        return None if offer is None else model_ruling(turn, task, effect, offer, charter)
    tool = riskiest(turn.state, known.said.tool)
    return None if tool is None else tool_ruling(turn, task, effect, tool, charter, known.arguments)


def _reask(turn: Turn, number: int, known: Escalation, why: str) -> None:
    """Void it, and let its call be judged anew; what is planted is no call, and is only void."""
    effect = turn.state.tasks[number].effects.get(known.said.effect)
    if not known.said.canary and (effect is None or effect.state != "escalated"):
        return
    void = facts.Resolved(at_ms=turn.now_ms, number=known.said.number, verdict="void", reason=why)
    turn.say(number, void)
    if effect is not None:
        try_grant(turn, number, effect)
