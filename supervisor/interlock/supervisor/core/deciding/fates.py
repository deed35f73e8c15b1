"""Decides what a receipt says of an effect for whose end a kill waits.

A call that failed has ended by itself: it had happened where it cost something, else it may have begun.
What was cut off and must not be repeated is in doubt, like what nobody knows anything of.
"""

from interlock.contracts.budget import NOTHING
from interlock.contracts.effect import EffectAborted, EffectCompleted, EffectFailed
from interlock.contracts.facts import EffectFate
from interlock.contracts.message import Message
from interlock.supervisor.core.state import Effect, State


def is_awaited(state: State, effect: int) -> bool:
    """Tell whether a kill waits for the end of an effect."""
    return any(effect in kill.open for kill in state.kills.values())


def fate_of(effect: Effect, body: Message | None) -> EffectFate:
    """Return what became of an effect by what its worker says; None: nobody says anything."""
    match body:
        case EffectCompleted():
            return "completed"
        case EffectFailed(doubtful=True) | EffectAborted(doubtful=True):
            return "in_doubt"
        case EffectFailed():
            return "completed" if body.used != NOTHING else "aborted"
        case EffectAborted(started=False):
            return effect.unbegun
        case EffectAborted():
            return "aborted" if effect.repeatable and not body.running else "in_doubt"
        case _:
            return "in_doubt"


def times_of(body: Message | None) -> tuple[int, int]:
    """Return when an effect began and ended by its worker's clock, in microseconds; 0: it does not say."""
    match body:
        case EffectAborted():
            return body.started_us, body.ended_us
        case EffectCompleted() | EffectFailed():
            return body.started_ms * 1_000, body.ended_ms * 1_000
        case _:
            return 0, 0


def fate_when_due(effect: Effect | None) -> EffectFate:
    """Return what is said of an effect of which nothing was heard in time."""
    return "in_doubt" if effect is None or effect.state == "granted" else effect.unbegun
