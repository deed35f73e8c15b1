"""Facts about limits: warned of, used up, raised and set; loops are used-up patience."""

from typing import Literal

from interlock.contracts.budget import NOTHING, Amounts, Budget
from interlock.contracts.facts.fact import Fact
from interlock.contracts.message import Line, Part
from interlock.contracts.plan import StepId


class BudgetWarned(Fact, frozen=True, kw_only=True):
    """Four fifths of a limit are spent: of the task's, or (on the fleet's subject) of one that tasks share.

    `day` is that of a daily limit, and 0 for a limit in total.
    """

    dimension: str
    spent: int
    limit: int
    scope: str = "task"
    day: int = 0


class LimitsSet(Fact, frozen=True, kw_only=True):
    """The limits of what many tasks share, from now on.

    `scope` is `fleet`, `tenant <name>` or `role <name>`.
    """

    at_ms: int
    scope: str
    total: Budget
    day: Budget
    by: str
    reason: str = ""


class LimitRaised(Fact, frozen=True, kw_only=True):
    """A person added `more` to the budget, and as much to the limits of each step; `budget` is the sum."""

    by: str
    budget: Budget
    more: Amounts = NOTHING
    reason: str = ""


class Lack(Part, frozen=True, kw_only=True):
    """What stands in the way of spending `needed` more: this limit, in this scope.

    `day` is the day (days since the epoch, UTC) of a daily limit, and 0 for a limit in total.
    """

    scope: str
    dimension: str
    limit: int
    needed: int
    day: int = 0


class Parked(Fact, frozen=True, kw_only=True):
    """The task waits for a person; what it has is kept. With `lack` it goes on when that limit is raised."""

    at_ms: int
    kind: Literal["budget", "review", "in_doubt", "loop", "overrun"]
    reason: Line
    lack: Lack | None = None


class LoopFound(Fact, frozen=True, kw_only=True):
    """A step goes round in circles: the same call again and again, or effects one after another in vain."""

    step: StepId
    kind: Literal["same_effect", "no_progress"]
    times: int
    what: str
