"""Who may ask for effects, by a plain reader of the log: whoever has the step in hand, in that attempt."""

from collections.abc import Mapping

from interlock.contracts import facts
from interlock.contracts.effect import EffectRequest
from interlock.contracts.inputs import Input

Holder = tuple[str, int]

_ANSWERS = (facts.EffectGranted, facts.EffectHeld, facts.EffectDenied, facts.EffectRecommended)


class Asking:
    """The requests that were answered; the first answer follows from the request itself."""

    def __init__(self) -> None:
        self._answered: set[int] = set()

    def read(self, fact: facts.AnyFact, inputs: Mapping[int, Input], holder: Holder | None) -> str:
        """Return what is wrong with a first answer, in words; empty: nothing, or it is none."""
        effect = effect_of(fact)
        if not effect or effect in self._answered:
            return ""
        self._answered.add(effect)
        said = inputs.get(effect)
        body = said.body if said is not None else None
        if not isinstance(body, EffectRequest) or said is None or holder == (said.principal, body.attempt):
            return ""
        return (
            f"effect {effect} was taken from {said.principal}, attempt {body.attempt}; {holder} has the step"
        )


def effect_of(fact: facts.AnyFact) -> int:
    """Return the effect that a fact answers; 0: none."""
    if isinstance(fact, _ANSWERS):
        return fact.effect
    return fact.effect if isinstance(fact, facts.Escalated) and fact.kind in {"approval", "question"} else 0
