"""Reads from the log what people have decided; the log is read once for their words, once for decisions."""

from interlock.bus.ports import Bus
from interlock.console.fatigue.ledger import Ledger, Said
from interlock.contracts.decision import Decision
from interlock.contracts.message import decode
from interlock.contracts.people import HUMAN_VERBS
from interlock.contracts.subjects import DECISIONS, ROOT, read_input

WORDS = f"{ROOT}.in.*.human.*.*.*"

# Most decisions say nothing of people, and need not be read.
_MARKS = (
    b'"escalated"',
    b'"escalation_moved"',
    b'"arguments_edited"',
    b'"approval_counted"',
    b'"resolved"',
    b'"refused"',
)


async def read_ledger(bus: Bus, since_ms: int = 0) -> Ledger:
    """Return what people have decided from a time on; raises ContractError for a decision of another make."""
    ledger = Ledger(await _words(bus), since_ms)
    async for record in bus.history([DECISIONS]):
        if any(mark in record.data for mark in _MARKS):
            ledger.fold(decode(Decision, record.data))
    return ledger


async def _words(bus: Bus) -> dict[int, Said]:
    found: dict[int, Said] = {}
    async for record in bus.history([WORDS]):
        where = read_input(record.subject)
        if where.verb in HUMAN_VERBS and all(word.isdecimal() for word in where.rest):
            task, number = map(int, where.rest)
            found[record.seq] = Said(where.principal, (task, number))
    return found
