"""Makes news of decisions: who is asked, who is asked now, what it came to.

Of each open escalation it remembers what has to be said again when it moves or ends; what it has forgotten,
or never seen, it reads in the log. It must not know who is told.
"""

from collections import OrderedDict
from typing import NamedTuple

from msgspec.structs import replace

from interlock.bus.ports import Log, Record
from interlock.console.notifying.notice import Notice, as_model, as_name, as_rules
from interlock.contracts.consent import signed_model
from interlock.contracts.decision import Decision
from interlock.contracts.errors import ContractError
from interlock.contracts.facts import AnyFact, Escalated, EscalationMoved, Resolved
from interlock.contracts.message import decode
from interlock.contracts.people import Need
from interlock.contracts.subjects import decision_subject

MOST_OPEN = 10_000
PEOPLES_ROLES = frozenset({"operator", "approver", "admin", "submitter"})

# Most decisions say nothing of people, and need not be read.
_MARKS = (b'"escalated"', b'"escalation_moved"', b'"resolved"')

Number = tuple[int, int]


class Place(NamedTuple):
    """Where a fact stands: in which record, and as which of its facts."""

    seq: int
    nth: int


class News(NamedTuple):
    """A notice, and the roles or persons whom it concerns."""

    notice: Notice
    desks: frozenset[str]


class _Open(NamedTuple):
    said: Escalated
    desks: frozenset[str]


class Questions:
    """The escalations that one reader of the log has come across.

    `roles` are known to be no person's name.
    """

    def __init__(self, log: Log, roles: frozenset[str] = frozenset()) -> None:
        self._log = log
        self._roles = roles | PEOPLES_ROLES
        self._open: OrderedDict[Number, _Open] = OrderedDict()

    async def news_of(self, record: Record) -> list[News]:
        """Return what a decision says of people, in order; raises ContractError when it cannot be read."""
        if not any(mark in record.data for mark in _MARKS):
            return []
        decision = decode(Decision, record.data)
        found = [
            await self._news(decision.task, Place(record.seq, nth), fact)
            for nth, fact in enumerate(decision.facts)
        ]
        return [news for news in found if news is not None]

    async def _news(self, task: int, place: Place, fact: AnyFact) -> News | None:
        match fact:
            case Escalated():
                asked = self._remember((task, fact.number), _Open(fact, _desks_of(fact)))
                return News(self._asked(task, fact), asked.desks)
            case EscalationMoved():
                known = await self._known((task, fact.number), place.seq)
                return self._moved(task, place, known, fact) if known else None
            case Resolved():
                known = await self._known((task, fact.number), place.seq)
                self._open.pop((task, fact.number), None)
                return self._resolved(task, known, fact) if known else None
            case _:
                return None

    def _asked(self, task: int, fact: Escalated) -> Notice:
        number = f"{task}.{fact.number}"
        return Notice(
            id=f"{number}.asked",
            what="asked",
            at_ms=fact.at_ms,
            number=number,
            kind=fact.kind,
            desk=self._role(fact.desk, fact.needs),
            role=as_name(fact.role),
            tool=as_name(fact.tool),
            model=as_model(signed_model(fact.tool)),
            risk=as_name(fact.risk),
            reversible=fact.reversible,
            needs=tuple(need for need in fact.needs if as_name(need.role)),
            rules=as_rules(tuple(rule.id for rule in fact.rules)),
            deadline_ms=fact.deadline_ms,
            at_last=fact.at_last if fact.deadline_ms is not None else "",
        )

    def _moved(self, task: int, place: Place, known: _Open, fact: EscalationMoved) -> News:
        self._remember((task, fact.number), _Open(known.said, known.desks | {fact.desk}))
        asked = self._asked(task, known.said)
        notice = replace(
            asked,
            id=f"{asked.number}.moved-{place.seq}-{place.nth}",
            what="moved",
            at_ms=fact.at_ms,
            desk=self._role(fact.desk, known.said.needs),
            deadline_ms=fact.deadline_ms,
        )
        return News(notice, frozenset({fact.desk}))

    def _resolved(self, task: int, known: _Open, fact: Resolved) -> News:
        asked = self._asked(task, known.said)
        notice = replace(
            asked,
            id=f"{asked.number}.resolved",
            what="resolved",
            at_ms=fact.at_ms,
            verdict=fact.verdict,
            deadline_ms=None,
            at_last="",
        )
        return News(notice, known.desks)

    def _role(self, desk: str, needs: tuple[Need, ...]) -> str:
        """Return a desk that is a role; a person's name is nobody's business outside."""
        is_role = desk in self._roles or any(need.role == desk for need in needs)
        return as_name(desk) if is_role else ""

    def _remember(self, number: Number, found: _Open) -> _Open:
        self._open[number] = found
        self._open.move_to_end(number)
        if len(self._open) > MOST_OPEN:
            self._open.popitem(last=False)
        return found

    async def _known(self, number: Number, before_seq: int) -> _Open | None:
        return self._open.get(number) or await self._read(number, before_seq)

    async def _read(self, number: Number, before_seq: int) -> _Open | None:
        """Read an escalation where it was said, with whoever was asked before a record."""
        task, found = number[0], None
        async for record in self._log.history([decision_subject(task)], start_seq=max(task, 1)):
            if record.seq >= before_seq:
                break
            for fact in _facts_in(record):
                match fact:
                    case Escalated(number=n) if n == number[1]:
                        found = _Open(fact, _desks_of(fact))
                    case EscalationMoved(number=n, desk=desk) if n == number[1] and found:
                        found = _Open(found.said, found.desks | {desk})
                    case _:
                        pass
        return found


def _facts_in(record: Record) -> tuple[AnyFact, ...]:
    if not any(mark in record.data for mark in _MARKS):
        return ()
    try:
        return decode(Decision, record.data).facts
    except ContractError:
        return ()


def _desks_of(fact: Escalated) -> frozenset[str]:
    return frozenset({fact.desk, *(need.role for need in fact.needs)} - {""})
