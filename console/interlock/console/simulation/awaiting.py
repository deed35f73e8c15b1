"""Which steps wait for people, by a plain reader of the log, and whether a task has anything else to do."""

from collections.abc import Callable
from typing import Any

import msgspec

from interlock.contracts import facts


class _Steps(msgspec.Struct):
    """The steps of one task that are not dropped: those before each, those done, those in nobody's hand."""

    after: dict[str, tuple[str, ...]] = {}
    done: set[str] = set()
    dead: set[str] = set()
    suspended: set[str] = set()


class Awaiting:
    """The steps of all tasks."""

    def __init__(self) -> None:
        self._tasks: dict[int, _Steps] = {}
        self._readers: dict[type[Any], Callable[[_Steps, Any], None]] = {
            facts.PlanRequested: _requested,
            facts.Planned: _planned,
            facts.ReviewRequested: _reviewed,
            facts.StepCompleted: _done,
            facts.StepReopened: _reopened,
            facts.StepDead: _died,
            facts.StepSuspended: _suspended,
            facts.StepAwakened: _awakened,
        }

    def read(self, task: int, fact: facts.AnyFact) -> bool:
        """Read a fact; tell whether it may change who waits."""
        reader = self._readers.get(type(fact))
        if reader is None:
            return False
        reader(self._tasks.setdefault(task, _Steps()), fact)
        return True

    def waits(self, task: int) -> bool:
        """Tell whether all that could go on in a task waits for people."""
        steps = self._tasks.get(task)
        if steps is None or not steps.suspended:
            return False
        over = steps.done | steps.dead | steps.suspended
        return all(name in over or not steps.done.issuperset(steps.after[name]) for name in steps.after)


def _requested(steps: _Steps, fact: facts.PlanRequested) -> None:
    if fact.replan:
        steps.after = {name: steps.after[name] for name in steps.done}
        steps.suspended.clear()
    steps.after[fact.step] = ()


def _planned(steps: _Steps, fact: facts.Planned) -> None:
    steps.after.update({step.id: step.after for step in fact.steps})


def _reviewed(steps: _Steps, fact: facts.ReviewRequested) -> None:
    steps.after[fact.step] = ()


def _done(steps: _Steps, fact: facts.StepCompleted) -> None:
    steps.done.add(fact.step)
    steps.suspended.discard(fact.step)


def _reopened(steps: _Steps, fact: facts.StepReopened) -> None:
    steps.done.discard(fact.step)


def _died(steps: _Steps, fact: facts.StepDead) -> None:
    steps.dead.add(fact.step)
    steps.suspended.discard(fact.step)


def _suspended(steps: _Steps, fact: facts.StepSuspended) -> None:
    steps.suspended.add(fact.step)


def _awakened(steps: _Steps, fact: facts.StepAwakened) -> None:
    steps.suspended.discard(fact.step)
