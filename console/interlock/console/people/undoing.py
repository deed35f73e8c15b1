"""What became of an undoing that was ordered with a failed review, in the words of its task's log."""

from interlock.bus.ports import Bus, Record
from interlock.console.awaiting import awaited
from interlock.console.lines import said
from interlock.contracts import facts as f
from interlock.contracts.decision import Decision
from interlock.contracts.message import decode
from interlock.contracts.subjects import decision_subject

UNDONE_S = 5.0


async def undoing(bus: Bus, task: int, effect: int) -> str:
    """Return how the undoing stands that the record `effect` has ordered; empty: it has ordered none."""
    words = ""
    async for record in bus.history([decision_subject(task)], start_seq=effect + 1):
        for fact in _about(record, effect):
            words = said(fact)
    return words


async def undone(bus: Bus, task: int, effect: int) -> str:
    """Return the same as soon as the undoing has ended, or when it takes too long."""

    def has_ended(record: Record) -> bool | None:
        return any(not isinstance(fact, f.EffectGranted) for fact in _about(record, effect)) or None

    await awaited(bus, decision_subject(task), has_ended, start_seq=effect + 1, timeout_s=UNDONE_S)
    return await undoing(bus, task, effect)


def _about(record: Record, effect: int) -> list[f.Fact]:
    return [fact for fact in decode(Decision, record.data).facts if getattr(fact, "effect", 0) == effect]
