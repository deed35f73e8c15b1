"""Builds the facts that refuse an effect. By which rule, others decide."""

from interlock.contracts import facts
from interlock.contracts.message import line
from interlock.contracts.presence import ModelOffer
from interlock.supervisor.core.state import Effect


def denied(effect: Effect, rule: str, reason: str) -> facts.EffectDenied:
    """Build the fact that refuses an effect for good."""
    return facts.EffectDenied(
        effect=effect.seq,
        step=effect.step,
        attempt=effect.attempt,
        key=effect.key,
        rule=rule,
        reason=line(reason),
    )


def denied_unpriced(effect: Effect, offer: ModelOffer) -> facts.EffectDenied:
    """Build the fact that refuses a model of which nobody knows the price."""
    reason = offer.price_source or (
        f"no price is known for the model {offer.model}, and what cannot be priced is not bought; "
        "give its price in the file that INTERLOCK_PRICES names (docs/models.md)"
    )
    return denied(effect, "budget.unpriced", reason)
