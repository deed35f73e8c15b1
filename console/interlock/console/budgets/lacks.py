"""What a parked task lacks, in words, and the command that lets it go on."""

from interlock.console.budgets.dimensions import BY_FIELD, PER_DAY, Dimension
from interlock.console.budgets.shared import is_shared
from interlock.contracts import facts as f
from interlock.contracts.budget import MOST

# At least so much more, so that a task does not stop again at the very next call.
_WORTHWHILE = {
    "spend_usd_micros": 500_000,
    "tokens": 20_000,
    "model_calls": 10,
    "tool_calls": 10,
    "wall_ms": 300_000,
    "steps": 10,
    "replans": 1,
}
_ROUNDED_TO = {"spend_usd_micros": 10_000, "tokens": 1_000, "wall_ms": 1_000}
_USED_UP = "the budget is used up:"


def is_own(lack: f.Lack) -> bool:
    """Tell whether the limit is the task's own (or its steps'), so that a raise of its budget helps."""
    return not is_shared(lack.scope)


def said_lack(lack: f.Lack) -> str:
    """Return which limit stands in the way, and how much more was needed."""
    dimension = BY_FIELD[lack.dimension]
    period = " a day" if lack.day else ""
    limit = f"the {lack.scope} may use {dimension.said(lack.limit)}{period}"
    if lack.dimension == "wall_ms":
        return f"{limit}, and that time is over"
    return f"{limit}, and {dimension.said(lack.needed)} more {_verb(lack.needed, dimension)} needed"


def _verb(amount: int, dimension: Dimension) -> str:
    return "is" if amount == 1 or dimension.name == "usd" else "are"


def said_park(fact: f.Parked) -> str:
    """Return why a task is parked: in people's units where a limit is the reason."""
    if fact.lack is None:
        return fact.reason
    why = fact.reason.partition(_USED_UP)[0]
    return f"{why}{_USED_UP} {said_lack(fact.lack)}"


def remedy(task: int | str, lack: f.Lack, used: int | None = None) -> str:
    """Return the command that lets the task go on, which is named by its number, or that of what it asks.

    `used` is what was spent and reserved against that limit, where it is known: a limit may have been set to
    less than that.
    """
    dimension = BY_FIELD[lack.dimension]
    more = max(lack.needed, _WORTHWHILE[lack.dimension])
    if is_own(lack):
        return f"interlock budget raise {task} --{_option(dimension)} {_outside(dimension, more)}"
    limit = max(lack.limit, used or 0) + more
    per_day = PER_DAY.replace("_", "-") if lack.day else ""
    value = _outside(dimension, min(limit, MOST))
    return f"interlock limits set {lack.scope} --{_option(dimension)}{per_day} {value}"


def _option(dimension: Dimension) -> str:
    return dimension.name.replace("_", "-")


def _outside(dimension: Dimension, amount: int) -> str:
    """Return an amount as it is typed, rounded up to something that one would type."""
    unit = _ROUNDED_TO.get(dimension.field, 1)
    amount = -(-amount // unit) * unit
    if dimension.name == "usd":
        return f"{amount / dimension.factor:.2f}"
    return str(amount // dimension.factor)
