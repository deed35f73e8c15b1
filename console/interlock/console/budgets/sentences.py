"""What a record did to an account, in a few words."""

from collections.abc import Callable
from typing import Any

from interlock.console.budgets.dimensions import said_more
from interlock.console.lines import named, said
from interlock.contracts import facts as f

_BASES = {
    "actual": "as the worker counted",
    "bound": "at the bound, since it may have happened",
    "nothing": "nothing, since it did not happen",
}


def what(fact: f.AnyFact) -> str:
    """Return what a fact did, as far as accounts are concerned."""
    words = _WORDS.get(type(fact))
    return " ".join((words(fact) if words else said(fact)).split())


def _why(reason: str) -> str:
    return f": {reason}" if reason else ""


def _settled(fact: f.EffectSettled) -> str:
    if fact.end == "counted":
        return f"effect {fact.effect} not sent: its prompt was counted first, and it is decided anew"
    over = f"; {said_more(fact.overrun)} more than was reserved" if fact.overrun else ""
    return f"effect {fact.effect} {fact.end}, {_BASES[fact.basis]}{over}"


def _granted(fact: f.EffectGranted) -> str:
    again = f", grant {fact.grant}" if fact.grant > 1 else ""
    again += ", its prompt to be counted first" if fact.to_count else ""
    return f"effect {fact.effect} granted to {fact.worker}: {named(fact.demand)} in {fact.step}{again}"


_WORDS: dict[type[Any], Callable[[Any], str]] = {
    f.Accepted: lambda fact: f"accepted from {fact.submitter}",
    f.EffectGranted: _granted,
    f.EffectSettled: _settled,
    f.LimitRaised: lambda fact: f"raised by {fact.by}{_why(fact.reason)}",
    f.LimitsSet: lambda fact: f"set by {fact.by}{_why(fact.reason)}",
    f.Parked: lambda fact: f"parked ({fact.kind})",
    f.PlanRequested: lambda fact: f"planned anew: {fact.step}" if fact.replan else f"{fact.step} wanted",
}
