"""Folds decisions into what people are asked now, what was decided lately, and who may speak for whom.

It reads only decisions that say something of it. It decides nothing, and holds a bounded number.
"""

import re
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from interlock.console.people.asked import Asked, opened, take
from interlock.console.people.numbers import Number
from interlock.contracts import facts as f
from interlock.contracts.decision import Decision
from interlock.contracts.observed import lasts

_MS = 1_000
MOST_OPEN = 100_000
MOST_DECIDED = 1_000
_SAYS = re.compile(
    rb'"(?:escalated|escalation_moved|approval_counted|arguments_edited|resolved|delegated|entitled'
    rb'|policies_set)"'
)

concerns: Callable[[bytes], object] = _SAYS.search
"""Whether the bytes of a decision may say something of people: most do not, and need not be read."""


@dataclass
class Docket:
    """What people are asked, by number, in the order in which they were asked.

    `policies` is the version in force. `overflow` counts what is open beyond the bound.
    """

    open: dict[Number, Asked] = field(default_factory=dict[Number, Asked])
    decided: OrderedDict[Number, Asked] = field(default_factory=OrderedDict[Number, Asked])
    entitled: dict[str, f.Entitled] = field(default_factory=dict[str, f.Entitled])
    delegated: dict[str, f.Delegated] = field(default_factory=dict[str, f.Delegated])
    policies: str = ""
    overflow: int = 0

    def take(self, decision: Decision) -> list[Asked]:
        """Bring it up to a decision; return the escalations that it changed."""
        changed: dict[Number, Asked] = {}
        for fact in decision.facts:
            match fact:
                case f.Escalated():
                    self._open(changed, decision.task, fact)
                case f.EscalationMoved() | f.ApprovalCounted() | f.ArgumentsEdited() | f.Resolved():
                    self._change(changed, Number(decision.task, fact.number), fact)
                case f.Entitled():
                    self.entitled[fact.principal] = fact
                case f.Delegated():
                    self.delegated[fact.by] = fact
                case f.PoliciesSet():
                    self.policies = fact.digest
                case _:
                    pass
        return list(changed.values())

    def find(self, number: Number) -> Asked | None:
        """Return an escalation that is open, or was decided lately."""
        return self.open.get(number) or self.decided.get(number)

    def counting(self, asked: Asked, now_ms: int) -> list[f.ApprovalCounted]:
        """Return the approvals that count now: of these policies, not expired, by keys that still sign."""
        return [
            one
            for one in asked.approvals
            if one.approval.statement.policies == self.policies
            and now_ms < one.at_ms + one.approval.statement.valid_s * _MS
            and self.signs(one.by, one.approval.public_key, now_ms)
        ]

    def signs(self, who: str, public_key: str, now_ms: int) -> bool:
        """Tell whether a key is one by which somebody signs now: keys that came with a token end with it."""
        known = self.entitled.get(who)
        return known is not None and public_key in known.keys and lasts(known.until_ms, now_ms)

    def _open(self, changed: dict[Number, Asked], task: int, fact: f.Escalated) -> None:
        if len(self.open) >= MOST_OPEN:
            self.overflow += 1
            return
        asked = opened(task, fact)
        self.open[asked.number] = changed[asked.number] = asked

    def _change(
        self,
        changed: dict[Number, Asked],
        number: Number,
        fact: f.EscalationMoved | f.ApprovalCounted | f.ArgumentsEdited | f.Resolved,
    ) -> None:
        asked = self.open.get(number)
        if asked is None:
            if self.overflow and isinstance(fact, f.Resolved):
                self.overflow -= 1
            return
        take(asked, fact)
        changed[number] = asked
        if isinstance(fact, f.Resolved):
            del self.open[number]
            self.decided[number] = asked
            if len(self.decided) > MOST_DECIDED:
                self.decided.popitem(last=False)
