"""What a task's story tells of planted requests: nothing before they are decided, then that they were."""

from collections.abc import Iterator

from interlock.bus.ports import Record
from interlock.contracts import facts as f
from interlock.contracts.decision import Decision
from interlock.contracts.errors import ContractError
from interlock.contracts.message import decode
from interlock.contracts.subjects import DECISIONS, read_input

_OF_TASKS = DECISIONS.rstrip(">")


class Planted:
    """The planted requests among a task's records, as they are read in order."""

    def __init__(self) -> None:
        self._open: dict[int, int] = {}

    def hides(self, record: Record) -> bool:
        """Tell whether a record is the word of somebody who plants: it would give the request away."""
        try:
            said = read_input(record.subject)
        except ContractError:
            return False
        return (said.kind, said.verb) == ("control", "canary")

    def revealed(self, record: Record) -> Iterator[str]:
        """Yield in words which requests were planted that a record decides."""
        if not record.subject.startswith(_OF_TASKS):
            return
        try:
            decision = decode(Decision, record.data)
        except ContractError:
            return
        for fact in decision.facts:
            match fact:
                case f.Escalated(canary=True):
                    self._open[fact.number] = fact.input
                case f.Resolved() if fact.number in self._open:
                    yield f"number {fact.number} was planted (record {self._open.pop(fact.number)})"
                case _:
                    pass
