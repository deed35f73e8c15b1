"""Which tasks are paused, by a plain reader of the log: what people have agreed to does not age in them.

A task is paused by itself, with its tenant or with the fleet. What ages, it does not know.
"""

from collections.abc import Callable
from typing import Any

from interlock.contracts import facts

Over = Callable[[int, int, int], None]


class Pauses:
    """The pauses that last; `over(task, since_ms, at_ms)` is called when one ends."""

    def __init__(self, over: Over) -> None:
        self._over = over
        self._since: dict[int, int] = {}
        self._tenants: dict[int, str] = {}
        self._held: set[int] = set()
        self._fleet = False
        self._paused_tenants: set[str] = set()
        self._readers: dict[type[Any], Callable[[int, Any], None]] = {
            facts.Accepted: self._accepted,
            facts.Paused: self._task_held,
            facts.Drained: self._task_held,
            facts.Parked: self._task_held,
            facts.Resumed: self._task_held,
            facts.Completed: self._ended,
            facts.Failed: self._ended,
            facts.Halted: self._ended,
            facts.FleetSwitched: self._fleet_switched,
            facts.Switched: self._switched,
        }

    def read(self, task: int, fact: facts.AnyFact) -> None:
        """Read a fact."""
        reader = self._readers.get(type(fact))
        if reader is not None:
            reader(task, fact)

    def moved_ms(self, task: int, from_ms: int, at_ms: int) -> int:
        """Return a moment moved by the pause that lasts, if there is one."""
        since_ms = self._since.get(task)
        return from_ms if since_ms is None else later_ms(from_ms, since_ms, at_ms)

    def _accepted(self, task: int, fact: facts.Accepted) -> None:
        self._tenants[task] = fact.tenant
        self._look(task, fact.at_ms)

    def _task_held(
        self, task: int, fact: facts.Paused | facts.Drained | facts.Parked | facts.Resumed
    ) -> None:
        self._held.discard(task)
        if isinstance(fact, facts.Paused):
            self._held.add(task)
        self._look(task, fact.at_ms)

    def _ended(self, task: int, _fact: facts.AnyFact) -> None:
        self._tenants.pop(task, None)
        self._held.discard(task)
        self._since.pop(task, None)

    def _fleet_switched(self, _task: int, fact: facts.FleetSwitched) -> None:
        self._fleet = fact.state == "paused"
        self._look_at_all(fact.at_ms)

    def _switched(self, _task: int, fact: facts.Switched) -> None:
        if fact.scope.kind != "tenant":
            return
        self._paused_tenants.discard(fact.scope.name)
        if fact.state == "paused":
            self._paused_tenants.add(fact.scope.name)
        self._look_at_all(fact.at_ms)

    def _look_at_all(self, at_ms: int) -> None:
        for task in sorted(self._tenants):
            self._look(task, at_ms)

    def _look(self, task: int, at_ms: int) -> None:
        if self._fleet or task in self._held or self._tenants.get(task) in self._paused_tenants:
            self._since.setdefault(task, at_ms)
        elif task in self._since:
            self._over(task, self._since.pop(task), at_ms)


def later_ms(from_ms: int, since_ms: int, at_ms: int) -> int:
    """Return a moment moved by how long a pause lasted after it."""
    return from_ms + max(0, at_ms - max(from_ms, since_ms))
