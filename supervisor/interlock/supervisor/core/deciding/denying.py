"""Builds the fact that refuses an effect. By which rule, others decide."""

from interlock.contracts import facts
from interlock.contracts.message import line
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
