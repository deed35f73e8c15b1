"""Wall time by a plain reader of the log: which clocks run, and what each has run when it stops.

A task's clock runs while the task goes on, neither the fleet nor its tenant is paused, and something in it
could go on without people; the clock of a step in hand runs while its task's does.
"""

from collections.abc import Callable
from typing import Any

from interlock.console.simulation.standstill import Steps
from interlock.contracts import facts

Ran = Callable[[int, str, int, int], None]


class Timekeeping:
    """All clocks; `ran(task, step, ran_ms, at_ms)` is called when one stops (step empty: the task's)."""

    def __init__(self, ran: Ran) -> None:
        self.steps = Steps()
        self._ran = ran
        self._paused = False
        self._paused_tenants: set[str] = set()
        self._tenants: dict[int, str] = {}
        self._moving: set[int] = set()
        self._in_hand: dict[int, set[str]] = {}
        self._running: dict[tuple[int, str], int] = {}
        self._readers: dict[type[Any], Callable[[int, Any], None]] = {
            facts.Accepted: self._goes,
            facts.Resumed: self._goes,
            facts.Drained: self._goes,
            facts.Paused: self._stands,
            facts.Parked: self._stands,
            facts.Completed: self._ended,
            facts.Failed: self._ended,
            facts.Halted: self._ended,
            facts.StepAssigned: self._taken,
            facts.StepCompleted: self._put_down,
            facts.StepFailed: self._put_down,
            facts.StepLost: self._put_down,
            facts.StepSuspended: self._put_down,
            facts.StepAwakened: self._looked_at,
            facts.StepDead: self._put_down,
            facts.PlanRequested: self._planned_anew,
            facts.FleetSwitched: self._switched,
            facts.Switched: self._tenant_switched,
        }

    def read(self, task: int, fact: facts.AnyFact) -> None:
        """Start and stop what a fact starts and stops."""
        self.steps.read(task, fact)
        reader = self._readers.get(type(fact))
        if reader is not None:
            reader(task, fact)

    def _goes(self, task: int, fact: facts.Accepted | facts.Resumed | facts.Drained) -> None:
        self._moving.add(task)
        if isinstance(fact, facts.Accepted):
            self._tenants[task] = fact.tenant
        self._look(task, fact.at_ms)

    def _look(self, task: int, at_ms: int) -> None:
        """Start or stop the clocks of a task that goes on, as the switches over it say."""
        if self._paused or self._tenants.get(task) in self._paused_tenants or self.steps.stands(task):
            self._stop_all(task, at_ms)
        else:
            self._start_all(task, at_ms)

    def _stands(self, task: int, fact: facts.Paused | facts.Parked) -> None:
        self._moving.discard(task)
        self._stop_all(task, fact.at_ms)

    def _ended(self, task: int, fact: facts.Completed | facts.Failed | facts.Halted) -> None:
        self._moving.discard(task)
        self._stop_all(task, fact.at_ms)
        self._in_hand.pop(task, None)

    def _taken(self, task: int, fact: facts.StepAssigned) -> None:
        self._in_hand.setdefault(task, set()).add(fact.step)
        if (task, "") in self._running:
            self._start(task, fact.step, fact.at_ms)

    def _put_down(
        self,
        task: int,
        fact: facts.StepCompleted | facts.StepFailed | facts.StepLost | facts.StepSuspended | facts.StepDead,
    ) -> None:
        self._in_hand.get(task, set()).discard(fact.step)
        self._stop(task, fact.step, fact.at_ms)
        if not isinstance(fact, facts.StepFailed | facts.StepLost):
            self._looked_at(task, fact)

    def _looked_at(self, task: int, fact: facts.AnyFact) -> None:
        if task in self._moving:
            self._look(task, getattr(fact, "at_ms", 0))

    def _planned_anew(self, task: int, fact: facts.PlanRequested) -> None:
        if fact.replan:
            for step in sorted(self._in_hand.pop(task, ())):
                self._stop(task, step, fact.at_ms)
        self._looked_at(task, fact)

    def _switched(self, _task: int, fact: facts.FleetSwitched) -> None:
        self._paused = fact.state == "paused"
        for task in sorted(self._moving):
            self._look(task, fact.at_ms)

    def _tenant_switched(self, _task: int, fact: facts.Switched) -> None:
        tenant = fact.scope.name if fact.scope.kind == "tenant" else ""
        if not tenant:
            return
        self._paused_tenants.discard(tenant)
        if fact.state == "paused":
            self._paused_tenants.add(tenant)
        for task in sorted(self._moving):
            if self._tenants.get(task) == tenant:
                self._look(task, fact.at_ms)

    def _start_all(self, task: int, at_ms: int) -> None:
        for step in ("", *sorted(self._in_hand.get(task, ()))):
            self._start(task, step, at_ms)

    def _stop_all(self, task: int, at_ms: int) -> None:
        for step in ("", *sorted(self._in_hand.get(task, ()))):
            self._stop(task, step, at_ms)

    def _start(self, task: int, step: str, at_ms: int) -> None:
        self._running.setdefault((task, step), at_ms)

    def _stop(self, task: int, step: str, at_ms: int) -> None:
        since_ms = self._running.pop((task, step), None)
        if since_ms is not None:
            self._ran(task, step, max(0, at_ms - since_ms), at_ms)
