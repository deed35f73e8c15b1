"""Decides how people are asked: what is said so that they can judge, whose desk it comes to, until when.

Who may answer, and what follows from an answer, it must not know.
"""

from collections.abc import Sequence

from interlock.contracts import facts
from interlock.contracts.approval import canonical, digest_of
from interlock.contracts.charter import Charter
from interlock.contracts.consent import signed_name
from interlock.contracts.limits import MAX_JUDGED_BYTES
from interlock.contracts.message import line
from interlock.contracts.people import EscalationKind, Reversible
from interlock.contracts.presence import ModelOffer, Risk, ToolOffer
from interlock.supervisor.core.bounds import ONE_TOOL_CALL, most_of
from interlock.supervisor.core.deciding.denying import denied
from interlock.supervisor.core.deciding.people.resolving import void
from interlock.supervisor.core.limits import MAX_ASKED, MAX_ASKED_BYTES, MAX_OPEN_OF_FLEET
from interlock.supervisor.core.provenance import evidence_of
from interlock.supervisor.core.routing import deadline_of, last_of
from interlock.supervisor.core.ruling import Ruling
from interlock.supervisor.core.state import Effect, State, Step, replace
from interlock.supervisor.core.turn import Turn

OPERATOR = "operator"
_REVERSIBLE: dict[Risk, Reversible] = {"read": "yes", "write": "", "irreversible": "no"}


def next_number(state: State, task: int) -> int:
    """Return the number of the next escalation of a task (0: the fleet)."""
    return state.escalated.get(task, 0) + 1


def escalate(turn: Turn, task: int, asked: facts.Escalated) -> int:
    """Ask people; what follows from the task, the desk and the time is filled in. Return the number.

    Of the fleet so many are open at most; for a new one, the oldest is void.
    """
    number = next_number(turn.state, task)
    if not task:
        void(turn, 0, number - MAX_OPEN_OF_FLEET, f"more than {MAX_OPEN_OF_FLEET} are open")
    about = turn.task(task or asked.about)
    charter = turn.state.charters.get(asked.role)
    desk = asked.desk or OPERATOR
    turn.say(
        task,
        replace(
            asked,
            at_ms=turn.now_ms,
            number=number,
            objective="" if charter is None else charter.objective,
            submitter=asked.submitter or ("" if about is None else about.submitter),
            tenant=asked.tenant or ("" if about is None else about.tenant),
            desk=desk,
            deadline_ms=deadline_of(turn.state, desk, turn.now_ms),
            at_last=last_of(turn.state, desk),
        ),
    )
    return number


def approval_of(turn: Turn, number: int, effect: Effect, offer: ToolOffer, ruling: Ruling) -> facts.Escalated:
    """Return what people are told who must agree to a call, as the policies rule; it asks nobody yet."""
    asked = _approval(turn, number, effect, ruling, f"wants to run {offer.tool} ({offer.risk})")
    return replace(
        asked,
        tool=offer.tool,
        risk=offer.risk,
        cost=ONE_TOOL_CALL,
        reversible=reversible(offer),
        undo=offer.undo,
    )


def _approval(turn: Turn, number: int, effect: Effect, ruling: Ruling, wants: str) -> facts.Escalated:
    task = turn.state.tasks[number]
    step = task.steps[effect.step]
    arguments = effect.demand.arguments or {}
    return replace(
        _about_effect(effect, step, "approval", line(f"{effect.role} {wants}")),
        arguments=arguments,
        digest=digest_of(arguments),
        policies="" if turn.state.policies is None else turn.state.policies.digest,
        rules=ruling.rules,
        evidence=evidence_of(task, step),
        needs=ruling.needs,
        desk=ruling.needs[0].role,
        excluded=() if ruling.requester_may else (task.submitter,),
    )


def ask_approval(turn: Turn, number: int, effect: Effect, offer: ToolOffer, ruling: Ruling) -> None:
    """Ask people whether a call may happen; what nobody could read is refused, and never cut."""
    if not (_asks_too_much(turn, number, effect) or _is_too_long(turn, number, effect)):
        escalate(turn, number, approval_of(turn, number, effect, offer, ruling))


def ask_about_model(turn: Turn, number: int, effect: Effect, offer: ModelOffer, ruling: Ruling) -> None:
    """Ask people whether a model may be asked all this: nothing changes outside, but what is sent is sent."""
    if _asks_too_much(turn, number, effect) or _is_too_long(turn, number, effect):
        return
    wants = f"wants to ask the model {offer.model} ({_resource(offer)})"
    asked = replace(
        _approval(turn, number, effect, ruling, wants),
        tool=signed_name(offer.model),
        cost=most_of(effect.demand, offer),
        reversible="no",
        demand=replace(effect.demand, name=offer.model, arguments=None),
    )
    escalate(turn, number, asked)


def _resource(offer: ModelOffer) -> str:
    return f"{offer.data_class} data, {f'in {offer.region}' if offer.region else 'it does not say where'}"


def _is_too_long(turn: Turn, number: int, effect: Effect) -> bool:
    """Deny what nobody could read."""
    size = len(canonical(effect.demand.arguments or {}))
    if size <= MAX_JUDGED_BYTES:
        return False
    reason = (
        f"people must agree to it, and {size} bytes of arguments are more than anybody can judge: "
        f"at most {MAX_JUDGED_BYTES}; name large content instead of holding it"
    )
    turn.say(number, denied(effect, "limits.judged", reason))
    return True


def ask_question(turn: Turn, number: int, effect: Effect, question: str, charter: Charter | None) -> None:
    """Bring an agent's question to the desk that its charter names."""
    task = turn.state.tasks[number]
    if _asks_too_much(turn, number, effect):
        return
    step = task.steps[effect.step]
    asked = _about_effect(effect, step, "question", line(question))
    desk = charter.escalation if charter is not None else OPERATOR
    escalate(turn, number, replace(asked, evidence=evidence_of(task, step), desk=desk))


def _asks_too_much(turn: Turn, number: int, effect: Effect) -> bool:
    """Deny what would be more than people can be asked for one task at once."""
    task = turn.state.tasks[number]
    others = [task.effects[seq] for seq in task.asked if seq != effect.seq]
    if len(others) >= MAX_ASKED:
        much = "as many as they may be at once"
    elif _is_too_much((*others, effect)):
        much = (
            f"and with this they would have more than {MAX_ASKED_BYTES} bytes of arguments to judge at once"
        )
    else:
        return False
    reason = (
        f"people are asked {len(others)} things for this task already, {much}: wait until some are decided"
    )
    turn.say(number, denied(effect, "limits.asked", reason))
    return True


def _is_too_much(asked: Sequence[Effect]) -> bool:
    if len(asked) * MAX_JUDGED_BYTES <= MAX_ASKED_BYTES:
        return False
    return sum(len(canonical(each.demand.arguments or {})) for each in asked) > MAX_ASKED_BYTES


def reversible(offer: ToolOffer) -> Reversible:
    """Return whether what a tool does can be taken back, as far as its worker says."""
    return "undo" if offer.undo else _REVERSIBLE[offer.risk]


def _about_effect(effect: Effect, step: Step, kind: EscalationKind, summary: str) -> facts.Escalated:
    return facts.Escalated(
        at_ms=0,
        number=0,
        kind=kind,
        summary=summary,
        asks=step.principal or (step.holders[-1] if step.holders else ""),
        role=effect.role,
        input=effect.seq,
        step=effect.step,
        attempt=effect.attempt,
        effect=effect.seq,
        key=effect.key,
        blocks=True,
    )
