"""Folds decisions into what people are asked now, what was decided lately, and who may speak for whom.

It reads only decisions that say something of it. It decides nothing, and holds a bounded number.
"""

import re
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from interlock.console.people.asked import Asked, opened, take
from interlock.console.people.numbers import Number
from interlock.console.stop.switchboard import Switchboard
from interlock.contracts import facts as f
from interlock.contracts.decision import Decision
from interlock.contracts.observed import lasts
from interlock.contracts.policy import Route

_MS = 1_000
MOST_OPEN = 100_000
MOST_DECIDED = 1_000
_SAYS = re.compile(
    rb'"(?:escalated|escalation_moved|approval_counted|arguments_edited|resolved|delegated|entitled'
    rb'|policies_set|switched|fleet_switched|paused|drained|resumed|failed|halted)"'
)
OF_ONE_TASK = frozenset((f.Paused, f.Drained, f.Resumed, f.Failed, f.Halted))
OF_MANY = frozenset((f.Switched, f.FleetSwitched))

concerns: Callable[[bytes], object] = _SAYS.search
"""Whether the bytes of a decision may say something of people: most do not, and need not be read."""


@dataclass
class Docket:
    """What people are asked, by number, in the order in which they were asked.

    `policies` is the version in force, `routes` say who is asked next. `overflow` counts what is open beyond
    the bound.
    """

    open: dict[Number, Asked] = field(default_factory=dict[Number, Asked])
    decided: OrderedDict[Number, Asked] = field(default_factory=OrderedDict[Number, Asked])
    entitled: dict[str, f.Entitled] = field(default_factory=dict[str, f.Entitled])
    delegated: dict[str, f.Delegated] = field(default_factory=dict[str, f.Delegated])
    policies: str = ""
    routes: tuple[Route, ...] = ()
    switches: Switchboard = field(default_factory=Switchboard)
    overflow: int = 0

    def take(self, decision: Decision) -> list[Asked]:
        """Bring it up to a decision; return the escalations that it changed."""
        changed: dict[Number, Asked] = {}
        for fact in decision.facts:
            match fact:
                case f.Escalated():
                    self._open(changed, decision, fact)
                case f.EscalationMoved() | f.ApprovalCounted() | f.ArgumentsEdited() | f.Resolved():
                    self._change(changed, Number(decision.task, fact.number), fact)
                case f.Entitled():
                    self.entitled[fact.principal] = fact
                case f.Delegated():
                    self.delegated[fact.by] = fact
                case f.PoliciesSet():
                    self.policies, self.routes = fact.digest, fact.bundle.routes
                case _:
                    pass
        self._switch(decision)
        return list(changed.values())

    def find(self, number: Number) -> Asked | None:
        """Return an escalation that is open, or was decided lately."""
        return self.open.get(number) or self.decided.get(number)

    def next_desk(self, asked: Asked) -> str:
        """Return who is asked when nobody answers in time; empty: nobody any more."""
        then = next((route.then for route in self.routes if route.role == asked.desk), "")
        return "" if then in asked.desks else then

    def counting(self, asked: Asked, now_ms: int) -> list[f.ApprovalCounted]:
        """Return the approvals that count now: of these policies, not expired, by keys that still sign."""
        aged_ms = asked.stands_since_ms or now_ms
        return [
            one
            for one in asked.approvals
            if one.approval.statement.policies == self.policies
            and aged_ms < one.at_ms + one.approval.statement.valid_s * _MS
            and self.signs(one.by, one.approval.public_key, now_ms)
        ]

    def signs(self, who: str, public_key: str, now_ms: int) -> bool:
        """Tell whether a key is one by which somebody signs now: keys that came with a token end with it."""
        known = self.entitled.get(who)
        return known is not None and public_key in known.keys and lasts(known.until_ms, now_ms)

    def _open(self, changed: dict[Number, Asked], decision: Decision, fact: f.Escalated) -> None:
        if len(self.open) >= MOST_OPEN:
            self.overflow += 1
            return
        parked = next((one for one in decision.facts if isinstance(one, f.Parked)), None)
        asked = opened(decision.task, fact, parked)
        if self._stands(asked):
            asked.stop_clock(fact.at_ms)
        self.open[asked.number] = changed[asked.number] = asked

    def _switch(self, decision: Decision) -> None:
        """Stop or start the clocks of what somebody has paused, or lets go on."""
        kinds = {type(fact) for fact in decision.facts}
        many = not kinds.isdisjoint(OF_MANY)
        if not many and kinds.isdisjoint(OF_ONE_TASK):
            return
        self.switches.take(decision)
        for number, asked in self.open.items():
            if many or number.task == decision.task:
                self._set_clock(asked, decision.at_ms)

    def _set_clock(self, asked: Asked, at_ms: int) -> None:
        """Stop or start the clock of what is open, as the switches stand now."""
        stands = self._stands(asked)
        if stands != bool(asked.stands_since_ms):
            (asked.stop_clock if stands else asked.start_clock)(at_ms)

    def _stands(self, asked: Asked) -> bool:
        """Tell whether somebody has paused the task that asks, its tenant or everything."""
        return bool(asked.task) and self.switches.is_paused(asked.task, asked.said.tenant)

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
