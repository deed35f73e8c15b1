"""Reads from the log what kills came to: the receipts, where they stand, and the times that follow from them.

What a receipt claims is the supervisor's; the one time added here is that of its decision's own record.
"""

from typing import NamedTuple

import msgspec

from interlock.bus.ports import Bus, Record
from interlock.console.awaiting import awaited
from interlock.console.errors import BadInput
from interlock.contracts import facts as f
from interlock.contracts.decision import Decision
from interlock.contracts.errors import ContractError
from interlock.contracts.message import decode
from interlock.contracts.scope import Scope, read_scope
from interlock.contracts.subjects import FLEET_DECISIONS, decision_subject, read_input

RECEIPTED_S = 6.0


class Kill(NamedTuple):
    """The record of a kill command: its sequence, what it was over."""

    seq: int
    scope: Scope


class Latencies(msgspec.Struct, frozen=True, kw_only=True):
    """Microseconds from the command's record to the last grant, effect, connection and process.

    Before `last_grant_us` a grant was still possible: it is when the decision was stored. None: there was
    none, or nobody observed it.
    """

    last_grant_us: int | None
    last_start_us: int | None
    last_connection_us: int | None
    last_exit_us: int | None


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """One receipt: the fact, the record that holds it, and the decision that stopped the scope.

    `decided` is that decision's record (0: it was not found), `decided_us` when it was stored, by the log.
    Where `only_task` is one, the effects of other tasks were left out of `fact`, and count as more.
    """

    fact: f.Receipted
    record: int
    decided: int = 0
    decided_us: int = 0
    only_task: int = 0

    @property
    def latencies(self) -> Latencies:
        """The four times, from the command on."""
        known = bool(self.decided_us and self.fact.commanded_us)
        return Latencies(
            last_grant_us=self.decided_us - self.fact.commanded_us if known else None,
            last_start_us=self.fact.last_start_us,
            last_connection_us=self.fact.last_connection_us,
            last_exit_us=self.fact.last_exit_us,
        )

    def of_task(self, task: int) -> "Receipt":
        """Return it with the effects of one task only."""
        own = tuple(effect for effect in self.fact.effects if effect.task == task)
        more = self.fact.more_effects + len(self.fact.effects) - len(own)
        fact = msgspec.structs.replace(self.fact, effects=own, more_effects=more)
        return msgspec.structs.replace(self, fact=fact, only_task=task)


class Gathering:
    """Receipts as they are found, record by record, in the log's order.

    `receipts` holds the newest of each kill, `halts` the kills that ended a task, `refused` the kills that
    changed nothing with the reasons.
    """

    def __init__(self) -> None:
        self.receipts: dict[int, Receipt] = {}
        self.halts: set[int] = set()
        self.refused: dict[int, str] = {}
        self._decided: dict[tuple[int, int], Record] = {}

    def take(self, record: Record) -> None:
        """Take up the record of a decision; raises ContractError when it cannot be read."""
        decision = decode(Decision, record.data)
        for fact in decision.facts:
            match fact:
                case f.Halted(input=kill):
                    self.halts.add(kill)
                    self._decided.setdefault((kill, decision.task), record)
                case f.Switched(state="killed", input=kill) | f.FleetSwitched(state="killed", input=kill):
                    self._decided.setdefault((kill, decision.task), record)
                case f.Refused(input=kill, reason=reason):
                    self.refused[kill] = reason
                case f.Receipted(kill=kill):
                    self.receipts[kill] = self._receipt(fact, record)
                case _:
                    pass

    def _receipt(self, fact: f.Receipted, record: Record) -> Receipt:
        decided = self._decided.get((fact.kill, fact.scope.task))
        if decided is None:
            return Receipt(fact=fact, record=record.seq)
        at_us = decided.time_us or decided.time_ms * 1_000
        return Receipt(fact=fact, record=record.seq, decided=decided.seq, decided_us=at_us)


async def find_kill(bus: Bus, seq: int) -> Kill | None:
    """Return what the record `seq` kills, None when it is no kill; raises BadInput when there is none."""
    record = await bus.record(seq)
    if record is None:
        raise BadInput(f"there is no record {seq}; the log ends at {await bus.last_seq()}")
    try:
        where = read_input(record.subject)
        if (where.kind, where.verb) == ("control", "kill"):
            return Kill(seq, read_scope(where.rest))
    except ContractError:
        pass
    return None


async def gather(bus: Bus, kill: Kill) -> Gathering:
    """Read everything that was decided in a kill's scope since it was said."""
    gathering = Gathering()
    async for record in bus.history([decision_subject(kill.scope.task)], start_seq=kill.seq + 1):
        gathering.take(record)
    return gathering


async def await_receipt(bus: Bus, kill: Kill, *, timeout_s: float = RECEIPTED_S) -> Receipt | None:
    """Return the first receipt of a kill as soon as it stands in the log, None when it is late."""
    gathering = Gathering()

    def receipt(record: Record) -> Receipt | None:
        gathering.take(record)
        return gathering.receipts.get(kill.seq)

    subject = decision_subject(kill.scope.task)
    return await awaited(bus, subject, receipt, start_seq=kill.seq + 1, timeout_s=timeout_s)


async def receipts_of(bus: Bus, task: int) -> Gathering:
    """Read what kills came to that concerned a task: its own, and others that ended it or cut its effects."""
    gathering = Gathering()
    async for record in bus.history([decision_subject(task), FLEET_DECISIONS], start_seq=task):
        gathering.take(record)
    gathering.receipts = {
        kill: receipt if receipt.fact.scope.task == task else receipt.of_task(task)
        for kill, receipt in gathering.receipts.items()
        if kill in gathering.halts or receipt.fact.scope.task == task or _touches(receipt.fact, task)
    }
    return gathering


def _touches(fact: f.Receipted, task: int) -> bool:
    return any(effect.task == task for effect in fact.effects)
