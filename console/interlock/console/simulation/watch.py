"""Watches a run: reads every record as it is stored, checks the laws, and keeps the first violation.

It checks what can be seen in the log at once, and compares a supervisor's state with the log when asked.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from interlock.bus.memory import MemoryServer
from interlock.bus.ports import Record
from interlock.console.simulation.errors import Violation
from interlock.console.simulation.hearing import Hearing, Kills, doing_of
from interlock.console.simulation.inspection import differences, disorder
from interlock.console.simulation.laws import Laws
from interlock.console.simulation.world import Execution, World
from interlock.contracts.decision import Decision
from interlock.contracts.dispatch import DoEffect
from interlock.contracts.facts import EffectRepeated, FleetSwitched, Halted, Switched
from interlock.contracts.inputs import read_record
from interlock.contracts.message import decode
from interlock.contracts.scope import FLEET, Doing, covers, task_scope
from interlock.contracts.subjects import DECISIONS, dispatch_subject
from interlock.supervisor.core.evolve import replay
from interlock.supervisor.core.state import State
from interlock.supervisor.core.transitions import ENDED_EFFECTS
from interlock.supervisor.errors import SupervisorError

_DECIDED = DECISIONS.removesuffix(">")
_DISPATCHES = dispatch_subject("")
# A dispatch is repeated for 5 s, an agent asks again after 10.
TOLD_S = 6.0

_KILLING = frozenset((Halted, Switched, FleetSwitched))

_read_order = msgspec.json.Decoder(DoEffect).decode


class Watch:
    """Sees everything of one run."""

    def __init__(
        self, server: MemoryServer, world: World, now_s: Callable[[], float], stop: Callable[[], None]
    ) -> None:
        self.violation: Violation | None = None
        self.laws = Laws(self.broken)
        self.replayed = State()
        self.decisions = 0
        self.decided_at_s = 0.0
        self.calm_since_s: float | None = None
        self.on_order: Callable[[str, DoEffect, str], None] = _ignore
        self._told_again: dict[tuple[int, int, int], float] = {}
        self._server = server
        self._now_s = now_s
        self._stop = stop
        self._read = self._compared_at = 0
        self._compared: State | None = None
        self._orders: dict[tuple[int, int], tuple[Doing, int]] = {}
        self._stopped_tasks: dict[tuple[str, int], int] = {}
        self._kills = Kills()
        world.on_executed = self._executed
        server.follow(self._on_records)

    def broken(self, law: str, sentence: str) -> None:
        """Keep the first violation, and stop."""
        if self.violation is None:
            self.violation = Violation(law, sentence, len(self._server.records), self._now_s())
            self._stop()

    def told_to_stop(self, incarnation: str, task: int) -> None:
        """Note that an effect worker has taken the order to stop everything of a task."""
        self._stopped_tasks[incarnation, task] = len(self._server.records)

    def hearing_of(self, worker: str) -> Hearing:
        """Return what will note all that a new life of an effect worker is told."""
        return Hearing(worker, self._kills, self.broken, self._now_s)

    def dispatched(self, supervisor: str, known: set[int], subject: str, data: bytes) -> None:
        """Check what a supervisor sends out that knows these records of its own to be durable."""
        if not subject.startswith(_DISPATCHES) or b'"do":"effect"' not in data:
            return
        order = _read_order(data)
        self._fence(order)
        self.on_order(supervisor, order, subject.rsplit(".", 1)[-1])
        seen = self.laws.tasks.get(order.task)
        if seen is not None and seen.ended == "halted" and seen.ended_seq in known:
            self.broken(
                "halt",
                f"effect {order.effect} was sent to {subject.rsplit('.', 1)[-1]} by a supervisor that knew "
                f"task {order.task} to be halted (record {seen.ended_seq})",
            )

    def _fence(self, order: DoEffect) -> None:
        """Check that no grant of what is killed says that it is newer: its worker would begin it."""
        doing = doing_of(order)
        killed = self.laws.standing.killed_since(doing)
        if killed is not None and order.as_of >= killed[1]:
            self.broken(
                "fence",
                f"effect {order.effect} was sent as of record {order.as_of}, though {killed[0]} was killed "
                f"by record {killed[1]}",
            )
        self._orders[order.effect, order.grant] = (doing, order.as_of)

    def _look_back(self, decision: Decision) -> None:
        """Check a kill that is durable only now against the grants that were sent before."""
        for fact in decision.facts:
            if type(fact) not in _KILLING:
                continue
            if isinstance(fact, Switched | FleetSwitched) and fact.state == "killed":
                scope = fact.scope if isinstance(fact, Switched) else FLEET
            elif isinstance(fact, Halted) and fact.input:
                scope = task_scope(decision.task)
            else:
                continue
            for (effect, _), (doing, as_of) in self._orders.items():
                if as_of >= fact.input and covers(scope, doing):
                    self.broken(
                        "fence",
                        f"effect {effect} was sent as of record {as_of}, though {scope} is killed by record "
                        f"{fact.input}",
                    )

    def compare(self, state: State) -> None:
        """Check that a supervisor's state, all of it durable, is what the log says and is in order.

        The very same state is not looked at again as long as the log says no more.
        """
        if state is self._compared and self._read == self._compared_at:
            return
        self._compared, self._compared_at = state, self._read
        if state != self.replayed:
            self.broken(
                "replay", f"the log does not rebuild the state: {_first_difference(state, self.replayed)}"
            )
        for sentence in disorder(state):
            self.broken("order", sentence)
        self.check_accounts()

    def check_accounts(self) -> None:
        """Check that the core's accounts are those of the ledger."""
        for sentence in differences(self.replayed, self.laws.ledger):
            self.broken("ledger", sentence)

    def _on_records(self) -> None:
        records = self._server.records
        while self._read < len(records):
            self._read += 1
            self._on_record(records[self._read - 1])

    def _on_record(self, record: Record) -> None:
        if not record.subject.startswith(_DECIDED):
            self._kills.stored(record, self._now_s())
            self.laws.said(read_record(record.seq, record.time_ms, record.subject, record.data))
            return
        decision = decode(Decision, record.data)
        self.decisions += 1
        if any(type(fact).__name__ != "EffectRepeated" for fact in decision.facts):
            self.decided_at_s = self._now_s()
        self._look_back(decision)
        self.laws.decided(decision, record.seq)
        if self.calm_since_s is not None:
            self._hear_of_outcomes(decision)
        try:
            self.replayed = replay(self.replayed, decision)
        except SupervisorError as failure:
            self.broken("replay", f"record {record.seq} cannot be replayed: {failure}")

    def _hear_of_outcomes(self, decision: Decision) -> None:
        """Check that whoever asks again for an effect that has ended hears of it, once all is calm."""
        now_s = self._now_s()
        task = self.replayed.tasks.get(decision.task)
        for fact in decision.facts:
            effect = task.effects.get(fact.effect) if task and isinstance(fact, EffectRepeated) else None
            if effect is None or effect.state not in ENDED_EFFECTS or not isinstance(fact, EffectRepeated):
                continue
            first_s = self._told_again.setdefault((decision.task, fact.effect, fact.attempt), now_s)
            if now_s - first_s > TOLD_S:
                self.broken(
                    "outcome",
                    f"effect {fact.effect} of task {decision.task} is {effect.state}, but attempt "
                    f"{fact.attempt} still asks for it {now_s - first_s:.1f} s after it was to be told",
                )

    def _executed(self, execution: Execution) -> None:
        self.laws.executed(execution)
        stopped = self._stopped_tasks.get((execution.incarnation, execution.task))
        grant = self.laws.ledger.grants.get((execution.effect, execution.grant))
        if stopped is not None and grant is not None and grant.seq <= stopped:
            self.broken(
                "halt",
                f"{execution.worker} executed effect {execution.effect} of task {execution.task} after it "
                "had taken the order to stop that task",
            )


def _ignore(_supervisor: str, _order: DoEffect, _worker: str) -> None:
    return


def _first_difference(one: State, other: State) -> str:
    for field in State.__struct_fields__:
        mine, theirs = getattr(one, field), getattr(other, field)
        if mine != theirs:
            return f"{field}: {_short(mine, theirs)}"
    return "nothing that can be named"


def _short(mine: Any, theirs: Any) -> str:
    if hasattr(mine, "items") and hasattr(theirs, "items"):
        for key in sorted({*mine, *theirs}, key=str):
            if mine.get(key) != theirs.get(key):
                return f"{key}: {_fields(mine.get(key), theirs.get(key))}"
    return f"{mine!r:.300} against {theirs!r:.300}"


def _fields(mine: Any, theirs: Any) -> str:
    fields = getattr(mine, "__struct_fields__", ())
    if type(mine) is not type(theirs) or not fields:
        return f"{mine!r:.300} against {theirs!r:.300}"
    different = [name for name in fields if getattr(mine, name) != getattr(theirs, name)]
    return "; ".join(f"{name} {_short(getattr(mine, name), getattr(theirs, name))}" for name in different)
