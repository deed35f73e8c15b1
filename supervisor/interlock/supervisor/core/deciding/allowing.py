"""Decides what follows from a ruling: it is denied, stays a suggestion, waits for people, or may go on.

How policies come to a ruling it does not know, nor what is reserved for what may go on.
"""

from interlock.contracts import facts
from interlock.contracts.approval import canonical
from interlock.contracts.charter import Charter
from interlock.contracts.consent import judged
from interlock.contracts.limits import MAX_JUDGED_BYTES
from interlock.contracts.message import line
from interlock.contracts.presence import ModelOffer, ToolOffer
from interlock.supervisor.core.approvals import satisfies
from interlock.supervisor.core.bounds import is_priced, most_of
from interlock.supervisor.core.deciding.authorising import model_ruling, tool_ruling
from interlock.supervisor.core.deciding.denying import denied, denied_unpriced
from interlock.supervisor.core.deciding.lowering import violated
from interlock.supervisor.core.deciding.people.escalating import ask_about_model, ask_approval
from interlock.supervisor.core.redacting import redacted, redacts
from interlock.supervisor.core.ruling import Ruling
from interlock.supervisor.core.state import Effect, replace
from interlock.supervisor.core.turn import Turn

_NOT_KEPT = (
    "policies want people's word for it, and what it asks was too long to be kept, or came before they did: "
    "ask for it anew"
)


def allowed(
    turn: Turn, number: int, effect: Effect, offer: ToolOffer | ModelOffer, charter: Charter | None
) -> tuple[Ruling, Effect] | None:
    """Return the ruling on what may go on now, with what is withheld; None: it may not, as has been said."""
    task = turn.state.tasks[number]
    if isinstance(offer, ModelOffer):
        ruling = model_ruling(turn, task, effect, offer, charter)
    else:
        ruling = tool_ruling(turn, task, effect, offer, charter, effect.demand.arguments or {})
    if not ruling.allowed:
        turn.say(number, denied(effect, ruling.rule, ruling.reason))
        if ruling.forbidden:
            violated(turn, number, effect, ruling, offer)
        return None
    if isinstance(offer, ModelOffer):
        return _model_allowed(turn, number, effect, offer, ruling)
    if _lacks_arguments(turn, number, effect, ruling):
        return None
    effect = _withheld(effect, ruling)
    if ruling.suggested:
        _suggest(turn, number, effect, ruling)
        return None
    if ruling.needs and not satisfies(turn.state, effect, ruling, turn.now_ms):
        ask_approval(turn, number, effect, offer, ruling)
        return None
    return ruling, effect


def _model_allowed(
    turn: Turn, number: int, effect: Effect, offer: ModelOffer, ruling: Ruling
) -> tuple[Ruling, Effect] | None:
    """Let a model be used if people have agreed to this one, there, for no more than it may cost now."""
    if not ruling.needs:
        return ruling, effect
    arguments = effect.demand.arguments
    if arguments is None:
        turn.say(number, denied(effect, "limits.judged", _NOT_KEPT))
        return None
    if not is_priced(offer):
        turn.say(number, denied_unpriced(effect, offer))
        return None
    effect = replace(effect, demand=replace(effect.demand, arguments=judged(arguments, offer)))
    agreed = satisfies(turn.state, effect, ruling, turn.now_ms)
    if agreed and most_of(effect.demand, offer).beyond(effect.agreed) is None:
        return ruling, effect
    ask_about_model(turn, number, effect, offer, ruling)
    return None


def _lacks_arguments(turn: Turn, number: int, effect: Effect, ruling: Ruling) -> bool:
    """Deny a call of which the arguments are needed once more, and were too long to be kept."""
    asks = bool(ruling.needs) and not satisfies(turn.state, effect, ruling, turn.now_ms)
    if effect.demand.arguments is not None or not (asks or redacts(ruling.flags)):
        return False
    reason = "policies ask for its arguments, which were too long to be kept: ask for it anew"
    turn.say(number, denied(effect, "limits.judged", reason))
    return True


def _withheld(effect: Effect, ruling: Ruling) -> Effect:
    """Return an effect without what policies withhold from it."""
    if effect.demand.arguments is None or not redacts(ruling.flags):
        return effect
    arguments = redacted(effect.demand.arguments, ruling.flags)
    return replace(effect, demand=replace(effect.demand, arguments=arguments), arguments=arguments)


def _suggest(turn: Turn, number: int, effect: Effect, ruling: Ruling) -> None:
    if effect.state == "lost":
        turn.say(number, denied(effect, ruling.rule, f"{ruling.reason}, and it may have begun before that"))
        return
    arguments, reason = effect.demand.arguments or {}, ruling.reason
    if len(canonical(arguments)) > MAX_JUDGED_BYTES:
        arguments, reason = (
            {},
            f"{reason}; its arguments are too long to stand here: record {effect.seq} has them",
        )
    turn.say(
        number,
        facts.EffectRecommended(
            effect=effect.seq,
            step=effect.step,
            attempt=effect.attempt,
            key=effect.key,
            tool=effect.demand.name,
            arguments=arguments,
            reason=line(reason),
        ),
    )
