"""Which record changed which account: a witness of the book that keeps the account before and after.

So the movements of a scope add up to its account, whatever the core counts there.
"""

import msgspec

from interlock.console.budgets.book import Book
from interlock.contracts import facts as f
from interlock.contracts.budget import Amounts
from interlock.contracts.decision import Decision
from interlock.supervisor.core.account import Account
from interlock.supervisor.core.accounts import NO_ACCOUNT


class Movement(msgspec.Struct, frozen=True):
    """A fact of record `seq` that made another account of `before`; `task` is 0 for the fleet's."""

    seq: int
    at_ms: int
    task: int
    fact: f.AnyFact
    before: Account
    after: Account

    def spent(self, dimension: str) -> int:
        """Return how much was spent more."""
        return _difference(self.after.spent, self.before.spent, dimension)

    def spent_on(self, day: int, dimension: str) -> int:
        """Return how much was spent more on a day (days since the epoch)."""
        return _difference(self.after.spent_on(day), self.before.spent_on(day), dimension)

    def reserved(self, dimension: str) -> int:
        """Return how much was put aside more; below zero where it was given back."""
        return _difference(self.after.reserved, self.before.reserved, dimension)


def _difference(now: Amounts, then: Amounts, dimension: str) -> int:
    difference: int = getattr(now, dimension) - getattr(then, dimension)
    return difference


class Movements:
    """The movements of a task (0: none) and its steps, of the shared scopes named, and of all limits set."""

    def __init__(self, task: int = 0, scopes: frozenset[str] = frozenset()) -> None:
        self.by_scope: dict[str, list[Movement]] = {}
        self.limits: dict[str, list[Movement]] = {}
        self._task = task
        self._scopes = scopes
        self._last: dict[str, Account] = {}

    def saw(self, book: Book, seq: int, decision: Decision, fact: f.AnyFact) -> None:
        """Keep what has changed; the fleet's switch, and a tenant's, move the clocks of every task there."""
        switched = isinstance(fact, f.FleetSwitched | f.Switched)
        if self._task and (decision.task == self._task or switched):
            for name, step in book.steps(self._task).items():
                self._note(f"step {name}", step.account, seq, decision, fact)
            task = book.state.tasks.get(self._task)
            if task is not None:
                self._note("task", task.account, seq, decision, fact)
        for scope in self._scopes:
            self._note(scope, book.shared(scope), seq, decision, fact)
        if isinstance(fact, f.LimitsSet) and fact.scope not in self._scopes:
            account = book.shared(fact.scope)
            known = self.limits.setdefault(fact.scope, [])
            before = known[-1].after if known else NO_ACCOUNT
            known.append(Movement(seq, decision.at_ms, 0, fact, before, account))

    def _note(self, scope: str, account: Account, seq: int, decision: Decision, fact: f.AnyFact) -> None:
        before = self._last.get(scope, NO_ACCOUNT)
        if account is before:
            return
        self._last[scope] = account
        movement = Movement(seq, decision.at_ms, decision.task, fact, before, account)
        self.by_scope.setdefault(scope, []).append(movement)
