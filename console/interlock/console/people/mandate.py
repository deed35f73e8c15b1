"""Whether an escalation is a person's to decide, as the log tells; the supervisor has the last word."""

from collections.abc import Sequence
from typing import NamedTuple

from interlock.console.people.asked import Asked
from interlock.console.people.docket import Docket
from interlock.contracts import facts as f
from interlock.contracts.observed import lasts

ADMIN, OPERATOR = "admin", "operator"
OF_ADMINS = (OPERATOR, "approver")
OF_THE_SUBMITTER = ("approval", "question", "step")


class Standing(NamedTuple):
    """Whether it is theirs, and why, or why not."""

    mine: bool
    why: str


class Mandate:
    """For what a person may speak at a moment: in their own name, and for whom they stand in."""

    def __init__(self, docket: Docket, person: str, now_ms: int) -> None:
        self.docket = docket
        self.person = person
        self.now_ms = now_ms
        self._names = dict.fromkeys(_roles(docket, person, now_ms), "")
        for fact in docket.delegated.values():
            if fact.to == person and fact.until_ms > now_ms:
                for name in _roles(docket, fact.by, now_ms):
                    self._names.setdefault(name, fact.by)

    def is_theirs(self, asked: Asked) -> bool:
        """Tell whether the person is asked; `standing` says why, or why not."""
        if self.person in asked.excluded or (asked.approvals and self._has_agreed(asked)):
            return False
        return any(name in self._names for name in (*_wanted(asked), asked.desk))

    def standing(self, asked: Asked) -> Standing:
        """Return how the person stands to what is asked."""
        wanted = _wanted(asked)
        if self.is_theirs(asked):
            name = next((name for name in wanted if name in self._names), "")
            return Standing(mine=True, why=self._as(name) if name else self._of_the_desk(asked))
        if self.person in asked.excluded:
            return Standing(mine=False, why="you asked for it, so somebody else decides")
        if self._has_agreed(asked):
            return Standing(mine=False, why="you have agreed")
        there = " and ".join(wanted if asked.is_signed else wanted[:1]) or "nobody"
        return Standing(mine=False, why=f"it is for {there}{self._besides(asked)}")

    def _has_agreed(self, asked: Asked) -> bool:
        return any(one.by == self.person for one in self.docket.counting(asked, self.now_ms))

    def _besides(self, asked: Asked) -> str:
        """Say what somebody may who is not asked: operators see to it that nothing is stuck."""
        verb = "reject it" if asked.is_signed else "decide it"
        if OPERATOR in self._names:
            return f"; you may {verb} too, as {OPERATOR}"
        owns = self.person == asked.said.submitter and asked.said.kind in OF_THE_SUBMITTER
        return f"; you may {verb} too, for the task is yours" if owns else ""

    def _of_the_desk(self, asked: Asked) -> str:
        """Say what somebody may who is asked now; who has to agree stays as the policy says."""
        who = " and ".join(_wanted(asked))
        return f"you are asked now, and may reject, reassign or abort it; only {who} may approve it"

    def _as(self, name: str) -> str:
        if self._names[name]:
            return f"you may, for {self._names[name]}"
        return "you are asked by name" if name == self.person else f"you may, as {name}"


def agreed(docket: Docket, asked: Asked, now_ms: int) -> list[f.ApprovalCounted]:
    """Return who counts now for a role that has to agree: whose group has ended does not."""
    wanted = {one.role for one in asked.needs}
    return [
        one
        for one in docket.counting(asked, now_ms)
        if not wanted.isdisjoint(_roles(docket, one.instead_of or one.by, now_ms))
    ]


def members(docket: Docket, role: str, now_ms: int) -> list[str]:
    """Return who of all that are known answers for a role now: a group, a role of people, or a name."""
    return [person for person in docket.entitled if role in _roles(docket, person, now_ms)]


def _wanted(asked: Asked) -> Sequence[str]:
    """Return who is asked, the latest desk first."""
    return [need.role for need in asked.needs] if asked.is_signed else asked.desks[::-1]


def _roles(docket: Docket, person: str, now_ms: int) -> tuple[str, ...]:
    """Return what somebody answers to; of whom nothing is known, to nothing but the name."""
    known = docket.entitled.get(person)
    if known is None:
        return (person,)
    groups = known.groups if lasts(known.until_ms, now_ms) else ()
    return (person, *groups, *known.roles, *(OF_ADMINS if ADMIN in known.roles else ()))
