"""Folds decisions into the switches that stand now: what is paused, draining or killed, by whom, until when.

A task that has ended has no switch any more, killed or not. It decides nothing.
"""

from dataclasses import dataclass, field

import msgspec

from interlock.bus.ports import Bus, Record
from interlock.contracts import facts as f
from interlock.contracts.decision import Decision
from interlock.contracts.message import decode
from interlock.contracts.scope import FLEET, Scope, task_scope
from interlock.contracts.subjects import DECISIONS

ENDS = (f.Completed, f.Failed, f.Halted, f.Rejected)


class Switch(msgspec.Struct, frozen=True, kw_only=True):
    """One switch as it stands; `record` is the decision that set it. Times are ms since the epoch."""

    scope: Scope
    state: f.SwitchState
    by: str = ""
    reason: str = ""
    since_ms: int = 0
    until_ms: int | None = None
    record: int = 0


RUNNING = Switch(scope=FLEET, state="running")


@dataclass
class Switchboard:
    """The switch over everything, who may release it, and the switches that are not at `running`."""

    fleet: Switch = RUNNING
    rule: f.ReleaseRuleSet = field(default_factory=lambda: f.ReleaseRuleSet(people=1, by=""))
    asked: f.ReleaseAsked | None = None
    switches: dict[Scope, Switch] = field(default_factory=dict[Scope, Switch])

    def take(self, decision: Decision, record_seq: int = 0) -> None:
        """Bring it up to a decision, which stands in this record."""
        for fact in decision.facts:
            match fact:
                case f.ReleaseRuleSet():
                    self.rule = fact
                case f.ReleaseAsked():
                    self.asked = fact
                case f.FleetSwitched():
                    self.asked = None
                    self.fleet = _switch(fact, FLEET, fact.state, record_seq)
                case f.Switched():
                    self._set(_switch(fact, fact.scope, fact.state, record_seq))
                case f.Paused():
                    self._set(_switch(fact, task_scope(decision.task), "paused", record_seq))
                case f.Drained():
                    self._set(_switch(fact, task_scope(decision.task), "draining", record_seq))
                case f.Resumed():
                    self.switches.pop(task_scope(decision.task), None)
                case _ if isinstance(fact, ENDS):
                    self._forget(decision.task)
                case _:
                    pass

    def is_paused(self, task: int, tenant: str) -> bool:
        """Tell whether somebody has paused a task, its tenant or everything."""
        if not self.switches:
            return self.fleet.state == "paused"
        over = (task_scope(task), Scope(kind="tenant", name=tenant))
        found = (self.fleet, *(self.switches.get(scope, RUNNING) for scope in over))
        return any(switch.state == "paused" for switch in found)

    def _set(self, switch: Switch) -> None:
        if switch.state == "running":
            self.switches.pop(switch.scope, None)
        else:
            self.switches[switch.scope] = switch

    def _forget(self, task: int) -> None:
        for scope in [scope for scope in self.switches if scope.task == task]:
            del self.switches[scope]


def _switch(
    fact: f.FleetSwitched | f.Switched | f.Paused | f.Drained, scope: Scope, state: f.SwitchState, record: int
) -> Switch:
    return Switch(
        scope=scope,
        state=state,
        by=fact.by,
        reason=fact.reason,
        since_ms=fact.at_ms,
        until_ms=None if isinstance(fact, f.Drained) else fact.until_ms,
        record=record,
    )


async def read_switches(bus: Bus) -> Switchboard:
    """Read the switches as they stand in the log."""
    board = Switchboard()
    record: Record
    async for record in bus.history([DECISIONS]):
        board.take(decode(Decision, record.data), record.seq)
    return board
