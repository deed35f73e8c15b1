"""Reads the whole log into accounts: what every scope may spend, has spent and has put aside.

The supervisor's own core counts; this keeps besides what the core lets go: the steps of tasks that have
ended. Who wants to know which record changed what, hands in a `Witness`.
"""

from collections.abc import Iterator
from typing import Protocol

import msgspec

from interlock.bus.ports import Log
from interlock.console.errors import Unreadable
from interlock.contracts import facts as f
from interlock.contracts.decision import Decision
from interlock.contracts.message import decode
from interlock.contracts.subjects import DECISIONS
from interlock.supervisor.core.account import Account
from interlock.supervisor.core.accounts import FLEET, NO_ACCOUNT, role_scope, tenant_scope
from interlock.supervisor.core.evolve import evolve
from interlock.supervisor.core.state import State, Task
from interlock.supervisor.errors import IllegalFact

ENDS = (f.Completed, f.Failed, f.Halted)


class StepAccount(msgspec.Struct, frozen=True):
    """A step's account, and the role in whose account it counts too."""

    role: str
    account: Account


StepAccounts = dict[str, StepAccount]


class Witness(Protocol):
    """Whoever looks at what each fact has changed."""

    def saw(self, book: "Book", seq: int, decision: Decision, fact: f.AnyFact) -> None:
        """Look at the book after a fact of record `seq`."""
        ...


class Book:
    """The accounts of everything, up to the last record taken."""

    def __init__(self, witness: Witness | None = None) -> None:
        self.state = State()
        self.latest_ms = 0
        self.last_seq = 0
        self._witness = witness
        self._ended: dict[int, StepAccounts] = {}
        self._order: dict[int, list[str]] = {}

    def take(self, seq: int, decision: Decision) -> None:
        """Take the next decision; raises Unreadable when it does not follow from those before."""
        self.latest_ms = max(self.latest_ms, decision.at_ms)
        self.last_seq = seq
        for fact in decision.facts:
            before = self.state
            try:
                self.state = evolve(before, decision.task, fact)
            except IllegalFact as error:
                raise Unreadable(
                    f"record {seq} does not follow from those before it ({error}); this log was written by "
                    "another version of Interlock: read it with that one"
                ) from error
            self._keep(before, decision.task, fact)
            if self._witness is not None:
                self._witness.saw(self, seq, decision, fact)

    def steps(self, task: int) -> StepAccounts:
        """Return the accounts of a task's steps, also when it has ended."""
        ended = self._ended.get(task)
        if ended is not None:
            return ended
        known = self.state.tasks.get(task)
        return {} if known is None else self._steps_of(known)

    def shared(self, scope: str) -> Account:
        """Return the account of what many tasks share."""
        return self.state.shared.get(scope, NO_ACCOUNT)

    def scopes(self, task: int) -> dict[str, Account]:
        """Return the accounts that a task's work counts against, narrowest first, by the scope's name."""
        known = self.state.tasks[task]
        steps = self.steps(task)
        roles = dict.fromkeys(role_scope(step.role) for step in steps.values())
        found = {f"step {name}": step.account for name, step in steps.items()}
        found["task"] = known.account
        for scope in (*roles, tenant_scope(known.tenant), FLEET):
            found[scope] = self.shared(scope)
        return found

    def contributions(self, scope: str) -> Iterator[tuple[int, Account]]:
        """Yield the accounts whose sum is the account of what many tasks share, each with its task."""
        kind, _, name = scope.partition(" ")
        for number, task in sorted(self.state.tasks.items()):
            if kind == "role":
                yield from (
                    (number, step.account) for step in self.steps(number).values() if step.role == name
                )
            elif scope == FLEET or task.tenant == name:
                yield number, task.account

    def _keep(self, before: State, number: int, fact: f.AnyFact) -> None:
        match fact:
            case f.PlanRequested() | f.ReviewRequested():
                self._order.setdefault(number, []).append(fact.step)
            case f.Planned():
                self._order.setdefault(number, []).extend(step.id for step in fact.steps)
            case f.Completed() | f.Failed() | f.Halted():
                steps = self._steps_of(before.tasks[number])
                self._ended[number] = {name: _stopped(step, fact.at_ms) for name, step in steps.items()}
            case f.EffectSettled() if number in self._ended:
                self._settle_late(before.tasks[number], fact)
            case _:
                pass

    def _steps_of(self, task: Task) -> StepAccounts:
        """Return a task's steps in the order in which they were asked for."""
        order = dict.fromkeys(self._order.get(task.id, ()))
        return {
            name: StepAccount(task.steps[name].role, task.steps[name].account)
            for name in order
            if name in task.steps
        }

    def _settle_late(self, task: Task, fact: f.EffectSettled) -> None:
        """Count in its step what was in flight when the task ended, as the core does in the wider scopes."""
        effect = task.effects[fact.effect]
        step = self._ended[task.id].get(effect.step)
        if step is not None and effect.state == "granted":
            account = step.account.settle(effect.reserved, fact.spent, fact.at_ms)
            self._ended[task.id][effect.step] = StepAccount(step.role, account)


def _stopped(step: StepAccount, at_ms: int) -> StepAccount:
    """Stop a step's clock with its task."""
    if not step.account.clocks:
        return step
    return StepAccount(step.role, step.account.stop_clock(step.account.started_ms, at_ms))


async def read_book(log: Log, witness: Witness | None = None) -> Book:
    """Read every decision that stands in the log; raises Unreadable or ContractError."""
    book = Book(witness)
    async for record in log.history([DECISIONS]):
        book.take(record.seq, decode(Decision, record.data))
    return book
