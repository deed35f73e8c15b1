"""An account-book kept by a plain reader of the log: it counts what the facts say, and knows no core.

It repeats the rules of budgets in its own words, so that the core's arithmetic is checked by another one.
"""

from collections.abc import Callable, Iterator
from operator import add, sub
from typing import Any

import msgspec

from interlock.console.simulation.timekeeping import Timekeeping
from interlock.contracts import facts
from interlock.contracts.budget import DIMENSIONS, Amounts, Budget

Counts = tuple[int, ...]
Limits = tuple[int | None, ...]
Taken = tuple[str, Counts]
NOTHING: Counts = (0,) * len(DIMENSIONS)
NO_LIMITS: Limits = (None,) * len(DIMENSIONS)
ONE_STEP: Counts = msgspec.structs.astuple(Amounts(steps=1))
ONE_REPLAN: Counts = msgspec.structs.astuple(Amounts(replans=1))
DAY_MS = 24 * 60 * 60 * 1_000


def counts(amounts: Amounts) -> Counts:
    """Return amounts as numbers, in the order of the dimensions."""
    return msgspec.structs.astuple(amounts)


def amounts(numbers: Counts) -> Amounts:
    """Return numbers as amounts."""
    return Amounts(**dict(zip(DIMENSIONS, numbers, strict=True)))


def plus(one: Counts, other: Counts) -> Counts:
    """Return the sum."""
    return tuple(map(add, one, other))


def minus(one: Counts, other: Counts) -> Counts:
    """Return the difference."""
    return tuple(map(sub, one, other))


def limits_of(budget: Budget) -> Limits:
    """Return a budget's limits, in the order of the dimensions."""
    limits: Limits = msgspec.structs.astuple(budget)
    return limits


def raised(limit: Limits, more: Amounts) -> Limits:
    """Return limits with something added; no limit stays none."""
    return tuple(None if old is None else old + add for old, add in zip(limit, counts(more), strict=True))


class Account(msgspec.Struct):
    """One scope's account: limits in total and a day, what was spent in total and each day, the reserved."""

    limit: Limits = NO_LIMITS
    daily: Limits = NO_LIMITS
    spent: Counts = NOTHING
    reserved: Counts = NOTHING
    released: Counts = NOTHING
    by_day: dict[int, Counts] = {}

    def spend(self, amount: Counts, at_ms: int) -> None:
        """Count what was spent then."""
        self.spent = plus(self.spent, amount)
        day = at_ms // DAY_MS
        self.by_day[day] = plus(self.by_day.get(day, NOTHING), amount)

    def excess(self, taken: Counts, at_ms: int) -> str:
        """Return which limit is passed in a dimension of which something was taken, in words, or nothing.

        What the log holds an outcome for counts as used, though its settlement may not be written yet. A day
        that is over is not looked at again, even if clocks go back.
        """
        if self.limit == self.daily == NO_LIMITS:
            return ""
        aside = minus(self.reserved, self.released)
        day = at_ms // DAY_MS
        daily = NO_LIMITS if day < max(self.by_day, default=day) else self.daily
        today = self.by_day.get(day, NOTHING)
        for period, limits, spent in (("", self.limit, self.spent), (" a day", daily, today)):
            if limits is NO_LIMITS:
                continue
            for place, name in enumerate(DIMENSIONS):
                limit, used, put_aside = limits[place], spent[place], aside[place]
                if limit is not None and taken[place] and used + put_aside > limit:
                    return f"{used} {name} spent and {put_aside} reserved, of {limit}{period}"
        return ""


class Grant(msgspec.Struct):
    """One reservation: what it holds, what was settled for it, and what it truly has cost so far."""

    task: int
    step: str
    number: int
    worker: str
    reserved: Counts
    repeatable: bool
    seq: int
    open: bool = True
    outcome: int = 0
    released: Counts = NOTHING
    settled: Counts = NOTHING
    true_cost: Counts = NOTHING
    end: str = ""


class Ledger:
    """All accounts, by scope (`step 5.a`, `task 5`, `role x`, `tenant red`, `fleet`), and all grants."""

    def __init__(self) -> None:
        self.accounts: dict[str, Account] = {"fleet": Account()}
        self.grants: dict[tuple[int, int], Grant] = {}
        self.open: dict[int, Grant] = {}
        self.time = Timekeeping(self._ran)
        self._tenants: dict[int, str] = {}
        self._roles: dict[tuple[int, str], str] = {}
        self._charters: dict[str, Budget] = {}
        self._awake: set[tuple[int, str]] = set()
        self._readers: dict[type[Any], Callable[[int, Any, int], Iterator[Taken]]] = {
            facts.Accepted: self._accepted,
            facts.AgentJoined: self._joined,
            facts.PlanRequested: self._plan_requested,
            facts.Planned: self._planned,
            facts.ReviewRequested: self._review_requested,
            facts.LimitRaised: self._raised,
            facts.LimitsSet: self._limits_set,
            facts.StepAssigned: self._assigned,
            facts.StepAwakened: self._awakened,
            facts.EffectGranted: self._granted,
            facts.EffectSettled: self._settled,
        }

    def read(self, task: int, fact: facts.AnyFact, seq: int) -> list[Taken]:
        """Count a fact of record `seq`; return of which scopes something was taken, and how much."""
        reader = self._readers.get(type(fact))
        taken = list(reader(task, fact, seq)) if reader is not None else []
        self.time.read(task, fact)
        return taken

    def outcome(self, said: int, effect: int, number: int, worker: str, used: Amounts | None) -> None:
        """See an outcome in the log: what was reserved beyond it is free, however late that is written.

        `said` is its record; `used` is None where the whole reservation counts.
        """
        grant = self.open.get(effect)
        if grant is None or grant.number != number or grant.worker != worker or grant.outcome:
            return
        grant.outcome = said
        if used is not None and used.beyond(amounts(grant.reserved)) is None:
            grant.released = minus(grant.reserved, counts(used))
            self._release(grant, grant.released)

    def _release(self, grant: Grant, amount: Counts) -> None:
        for scope in self.scopes(grant.task, grant.step):
            account = self.account(scope)
            account.released = plus(account.released, amount)

    def account(self, scope: str) -> Account:
        """Return a scope's account; it begins empty and without limits."""
        found = self.accounts.get(scope)
        if found is None:
            found = self.accounts[scope] = Account()
        return found

    def scopes(self, task: int, step: str) -> list[str]:
        """Return the scopes that something in a step counts against."""
        found = [f"task {task}", f"tenant {self._tenants.get(task, '')}", "fleet"]
        if step:
            found += [f"step {task}.{step}", f"role {self._roles.get((task, step), '')}"]
        return found

    def tenant_of(self, task: int) -> str:
        """Return whose task it is."""
        return self._tenants.get(task, "")

    def role_of(self, task: int, step: str) -> str:
        """Return who does a step."""
        return self._roles.get((task, step), "")

    def _ran(self, task: int, step: str, ran_ms: int, at_ms: int) -> None:
        """Count wall time: a task's for it, its tenant and the fleet, a step's for it and its role."""
        amount = counts(Amounts(wall_ms=ran_ms))
        scopes = [
            scope for scope in self.scopes(task, step) if not step or scope.startswith(("step", "role"))
        ]
        for scope in scopes:
            self.account(scope).spend(amount, at_ms)

    def _accepted(self, task: int, fact: facts.Accepted, _seq: int) -> Iterator[Taken]:
        self._tenants[task] = fact.tenant
        self.account(f"task {task}").limit = limits_of(fact.budget)
        yield from ()

    def _joined(self, _task: int, fact: facts.AgentJoined, _seq: int) -> Iterator[Taken]:
        self._charters[fact.principal] = fact.charter.budget
        yield from ()

    def _plan_requested(self, task: int, fact: facts.PlanRequested, _seq: int) -> Iterator[Taken]:
        self._roles[task, fact.step] = "planner"
        if fact.replan:
            yield from self._spend(task, "", ONE_REPLAN, fact.at_ms)

    def _planned(self, task: int, fact: facts.Planned, _seq: int) -> Iterator[Taken]:
        self._roles.update({(task, step.id): step.role for step in fact.steps})
        yield from ()

    def _review_requested(self, task: int, fact: facts.ReviewRequested, _seq: int) -> Iterator[Taken]:
        self._roles[task, fact.step] = "reviewer"
        yield from ()

    def _assigned(self, task: int, fact: facts.StepAssigned, _seq: int) -> Iterator[Taken]:
        if fact.attempt == 1 and fact.principal in self._charters:
            self.account(f"step {task}.{fact.step}").limit = limits_of(self._charters[fact.principal])
        # To go on after people were awaited is no further step.
        again = (task, fact.step) in self._awake
        self._awake.discard((task, fact.step))
        yield from self._spend(task, fact.step, NOTHING if again else ONE_STEP, fact.at_ms)

    def _awakened(self, task: int, fact: facts.StepAwakened, _seq: int) -> Iterator[Taken]:
        self._awake.add((task, fact.step))
        yield from ()

    def _raised(self, task: int, fact: facts.LimitRaised, _seq: int) -> Iterator[Taken]:
        account = self.account(f"task {task}")
        account.limit = raised(account.limit, fact.more)
        for scope, step in self.accounts.items():
            if scope.startswith(f"step {task}."):
                step.limit = raised(step.limit, fact.more)
        yield from ()

    def _limits_set(self, _task: int, fact: facts.LimitsSet, _seq: int) -> Iterator[Taken]:
        account = self.account(fact.scope)
        account.limit, account.daily = limits_of(fact.total), limits_of(fact.day)
        yield from ()

    def _spend(self, task: int, step: str, amount: Counts, at_ms: int) -> Iterator[Taken]:
        for scope in self.scopes(task, step):
            self.account(scope).spend(amount, at_ms)
            yield scope, amount

    def _granted(self, task: int, fact: facts.EffectGranted, seq: int) -> Iterator[Taken]:
        grant = Grant(
            task=task,
            step=fact.step,
            number=fact.grant,
            worker=fact.worker,
            reserved=counts(fact.reserved),
            repeatable=fact.repeatable,
            seq=seq,
        )
        self.grants[fact.effect, fact.grant] = self.open[fact.effect] = grant
        for scope in self.scopes(task, fact.step):
            account = self.account(scope)
            account.reserved = plus(account.reserved, grant.reserved)
            yield scope, grant.reserved

    def _settled(self, _task: int, fact: facts.EffectSettled, _seq: int) -> Iterator[Taken]:
        grant = self.open.pop(fact.effect, None)
        if grant is None:
            return
        grant.open, grant.settled, grant.end = False, counts(fact.spent), fact.end
        self._release(grant, minus(NOTHING, grant.released))
        for scope in self.scopes(grant.task, grant.step):
            account = self.account(scope)
            account.reserved = minus(account.reserved, grant.reserved)
            account.spend(grant.settled, fact.at_ms)
        yield from ()
