"""Decides what the policies say of a call with other arguments than those that were asked for."""

from interlock.contracts.message import Json
from interlock.supervisor.core.ruling import Ruling
from interlock.supervisor.core.state import Effect
from interlock.supervisor.core.turn import Turn


def ruling_of(turn: Turn, number: int, effect: Effect, arguments: Json) -> Ruling:
    """Return what the policies in force say of an effect with these arguments."""
    del arguments
    known = turn.state.escalations.get((number, effect.asked))
    if known is None:
        return Ruling(allowed=True)
    may = not known.excluded
    return Ruling(allowed=True, needs=known.needs, rules=known.rules, requester_may=may)
