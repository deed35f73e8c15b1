"""An account-book kept by a plain reader of the log: it counts what the facts say, and knows no core.

It repeats the rules of budgets in its own words, so that the core's arithmetic is checked by another one.
"""

from collections.abc import Iterator

import msgspec

from interlock.contracts import facts
from interlock.contracts.budget import DIMENSIONS, Amounts, Budget

Counts = tuple[int, ...]
NOTHING: Counts = (0,) * len(DIMENSIONS)
ONE_STEP: Counts = msgspec.structs.astuple(Amounts(steps=1))
ONE_REPLAN: Counts = msgspec.structs.astuple(Amounts(replans=1))


def counts(amounts: Amounts) -> Counts:
    """Return amounts as numbers, in the order of the dimensions."""
    return msgspec.structs.astuple(amounts)


def plus(one: Counts, other: Counts) -> Counts:
    """Return the sum."""
    return tuple(a + b for a, b in zip(one, other, strict=True))


def minus(one: Counts, other: Counts) -> Counts:
    """Return the difference."""
    return tuple(a - b for a, b in zip(one, other, strict=True))


class Account(msgspec.Struct):
    """One scope's account."""

    limit: tuple[int | None, ...] = (None,) * len(DIMENSIONS)
    spent: Counts = NOTHING
    reserved: Counts = NOTHING

    def excess(self) -> str:
        """Return which limit is passed, in words, or nothing."""
        for name, limit, spent, reserved in zip(
            DIMENSIONS, self.limit, self.spent, self.reserved, strict=True
        ):
            if limit is not None and spent + reserved > limit:
                return f"{spent} {name} spent and {reserved} reserved, of {limit}"
        return ""


def limits_of(budget: Budget) -> tuple[int | None, ...]:
    """Return a budget's limits, in the order of the dimensions."""
    limits: tuple[int | None, ...] = msgspec.structs.astuple(budget)
    return limits


def raised(limit: tuple[int | None, ...], more: Amounts) -> tuple[int | None, ...]:
    """Return limits with something added; no limit stays none."""
    return tuple(None if old is None else old + add for old, add in zip(limit, counts(more), strict=True))


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
    settled: Counts = NOTHING
    true_cost: Counts = NOTHING
    end: str = ""


class Ledger:
    """All accounts, by scope: `task 5`, `step 5.a`, `tenant red`, `fleet`; and all grants, by effect."""

    def __init__(self) -> None:
        self.accounts: dict[str, Account] = {"fleet": Account()}
        self.grants: dict[tuple[int, int], Grant] = {}
        self.open: dict[int, Grant] = {}
        self._tenants: dict[int, str] = {}
        self._charters: dict[str, Budget] = {}

    def read(self, task: int, fact: facts.AnyFact, seq: int) -> Iterator[str]:
        """Count a fact of record `seq`; yield the scopes whose accounts it changed."""
        match fact:
            case facts.Accepted():
                self._tenants[task] = fact.tenant
                self.account(f"task {task}").limit = limits_of(fact.budget)
            case facts.AgentJoined():
                self._charters[fact.principal] = fact.charter.budget
            case facts.LimitRaised():
                self._raise(task, fact)
            case facts.StepAssigned():
                if fact.attempt == 1 and fact.principal in self._charters:
                    step = self.account(f"step {task}.{fact.step}")
                    step.limit = limits_of(self._charters[fact.principal])
                yield from self._spend(task, fact.step, ONE_STEP)
            case facts.PlanRequested(replan=True):
                yield from self._spend(task, "", ONE_REPLAN)
            case facts.EffectGranted():
                yield from self._grant(task, fact, seq)
            case facts.EffectSettled():
                yield from self._settle(fact)
            case _:
                pass

    def account(self, scope: str) -> Account:
        """Return a scope's account; it begins empty and without limits."""
        found = self.accounts.get(scope)
        if found is None:
            found = self.accounts[scope] = Account()
        return found

    def scopes(self, task: int, step: str) -> tuple[str, ...]:
        """Return the scopes that something in a step counts against."""
        wide = (f"task {task}", f"tenant {self._tenants.get(task, '')}", "fleet")
        return (f"step {task}.{step}", *wide) if step else wide

    def _raise(self, task: int, fact: facts.LimitRaised) -> None:
        account = self.account(f"task {task}")
        account.limit = raised(account.limit, fact.more)
        for scope, step in self.accounts.items():
            if scope.startswith(f"step {task}."):
                step.limit = raised(step.limit, fact.more)

    def _spend(self, task: int, step: str, amount: Counts) -> Iterator[str]:
        for scope in self.scopes(task, step):
            account = self.account(scope)
            account.spent = plus(account.spent, amount)
            yield scope

    def _grant(self, task: int, fact: facts.EffectGranted, seq: int) -> Iterator[str]:
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
            yield scope

    def _settle(self, fact: facts.EffectSettled) -> Iterator[str]:
        grant = self.open.pop(fact.effect, None)
        if grant is None:
            return
        grant.open, grant.settled, grant.end = False, counts(fact.spent), fact.end
        for scope in self.scopes(grant.task, grant.step):
            account = self.account(scope)
            account.reserved = minus(account.reserved, grant.reserved)
            account.spent = plus(account.spent, grant.settled)
            yield scope
