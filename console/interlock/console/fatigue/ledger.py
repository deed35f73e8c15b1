"""Folds decisions into who decided what, and when; it never judges.

An approval counts for whoever signed it, an edit once, any other verdict for whoever it is by. How long one
took is from when the desk was asked. Planted requests count like others, and besides as caught or missed.
"""

from collections import OrderedDict, defaultdict
from collections.abc import Mapping

import msgspec

from interlock.console.fatigue.habits import Habits
from interlock.contracts import facts as f
from interlock.contracts.decision import Decision
from interlock.contracts.people import VerdictKind

MOST_REMEMBERED = 100_000
SAYS_NO: frozenset[VerdictKind] = frozenset({"rejected", "aborted"})
SAYS_YES: frozenset[VerdictKind] = frozenset({"approved", "edited"})

Number = tuple[int, int]


class Said(msgspec.Struct, frozen=True):
    """A person's word about an escalation."""

    who: str
    number: Number


class Planted(msgspec.Struct):
    """What became of all planted requests; `unanswered` are those that nobody decided."""

    shown: int = 0
    caught: int = 0
    missed: int = 0
    unanswered: int = 0


class _Asked(msgspec.Struct):
    since_ms: int
    canary: bool
    heard: set[str]
    edit: int = -1
    over: bool = False


class Ledger:
    """Everybody's habits from `since_ms` on; `words` are people's words by the record that holds them."""

    def __init__(self, words: Mapping[int, Said], since_ms: int = 0) -> None:
        self.people: defaultdict[str, Habits] = defaultdict(Habits)
        self.planted = Planted()
        self._words = words
        self._since_ms = since_ms
        self._asked: OrderedDict[Number, _Asked] = OrderedDict()

    def fold(self, decision: Decision) -> None:
        """Take one decision."""
        for fact in decision.facts:
            match fact:
                case f.Escalated():
                    self._open((decision.task, fact.number), fact)
                case f.EscalationMoved():
                    self._moved((decision.task, fact.number), fact)
                case f.ArgumentsEdited():
                    self._edited((decision.task, fact.number), fact)
                case f.ApprovalCounted():
                    self._approved((decision.task, fact.number), fact)
                case f.Resolved():
                    self._resolved((decision.task, fact.number), fact)
                case f.Refused():
                    self._refused(fact, decision.at_ms)
                case _:
                    pass

    def _open(self, number: Number, fact: f.Escalated) -> None:
        self._asked[number] = _Asked(fact.at_ms, fact.canary, set())
        if fact.canary and fact.at_ms >= self._since_ms:
            self.planted.shown += 1
        if len(self._asked) > MOST_REMEMBERED:
            self._asked.popitem(last=False)

    def _moved(self, number: Number, fact: f.EscalationMoved) -> None:
        if asked := self._asked.get(number):
            asked.since_ms = fact.at_ms

    def _edited(self, number: Number, fact: f.ArgumentsEdited) -> None:
        if asked := self._asked.get(number):
            asked.heard.clear()
            asked.edit = fact.input
            self._count(asked, fact.by, "edited", fact.at_ms)

    def _approved(self, number: Number, fact: f.ApprovalCounted) -> None:
        asked = self._asked.get(number)
        if asked and fact.input != asked.edit:
            self._count(asked, fact.by, "approved", fact.at_ms)

    def _resolved(self, number: Number, fact: f.Resolved) -> None:
        asked = self._asked.get(number)
        if asked is None or asked.over:
            return
        asked.over = True
        for who in fact.by:
            if who not in asked.heard:
                self._count(asked, who, fact.verdict, fact.at_ms)
        if asked.canary and fact.at_ms >= self._since_ms:
            self._caught(fact)

    def _caught(self, fact: f.Resolved) -> None:
        if fact.verdict in SAYS_NO:
            self.planted.caught += 1
        elif fact.verdict in SAYS_YES:
            self.planted.missed += 1
        else:
            self.planted.unanswered += 1
        for who in fact.by:
            self.people[who].caught += fact.verdict in SAYS_NO
            self.people[who].missed += fact.verdict in SAYS_YES

    def _refused(self, fact: f.Refused, at_ms: int) -> None:
        said = self._words.get(fact.input)
        asked = self._asked.get(said.number) if said else None
        if said and asked and asked.over and at_ms >= self._since_ms:
            self.people[said.who].late += 1

    def _count(self, asked: _Asked, who: str, verdict: VerdictKind, at_ms: int) -> None:
        asked.heard.add(who)
        if at_ms >= self._since_ms:
            self.people[who].decided(verdict, at_ms, at_ms - asked.since_ms)
