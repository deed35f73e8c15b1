"""One escalation as it stands: what was said first, what has changed since, how it ended. Only a view."""

from dataclasses import dataclass, field

from msgspec.structs import replace

from interlock.console.budgets.lacks import said_park
from interlock.console.people.numbers import Number
from interlock.contracts import facts as f
from interlock.contracts.consent import signed_model
from interlock.contracts.message import Json
from interlock.contracts.people import Need, Rule

MOST_DESKS = 64
PeopleFact = f.EscalationMoved | f.ApprovalCounted | f.ArgumentsEdited | f.Resolved


@dataclass(slots=True)
class Asked:
    """One escalation.

    `arguments`, `needs` and `rules` are as edited, `approvals` are of these arguments. `desk` is the role or
    person that is asked now, since `since_ms` and until `deadline_ms`; any of `desks`, which were asked, may
    still decide. `parked` is the park that asks, where a limit is used up. Since `stands_since_ms` a pause
    has stopped its clock (0: it runs).
    """

    number: Number
    said: f.Escalated
    desk: str
    deadline_ms: int | None
    arguments: Json
    digest: str
    needs: tuple[Need, ...]
    rules: tuple[Rule, ...]
    excluded: tuple[str, ...] = ()
    desks: tuple[str, ...] = ()
    approvals: list[f.ApprovalCounted] = field(default_factory=list[f.ApprovalCounted])
    edited: f.ArgumentsEdited | None = None
    moved: f.EscalationMoved | None = None
    resolved: f.Resolved | None = None
    parked: f.Parked | None = None
    since_ms: int = 0
    stands_since_ms: int = 0

    @property
    def summary(self) -> str:
        """What is asked, in a line: of a limit, in people's units."""
        return self.said.summary if self.parked is None else said_park(self.parked)

    @property
    def lack(self) -> f.Lack | None:
        """The limit that is used up; None: it is about something else, or nobody knows."""
        return None if self.parked is None else self.parked.lack

    @property
    def task(self) -> int:
        """The task in which it was asked; 0: the fleet."""
        return self.number.task

    @property
    def about(self) -> int:
        """The task that it is about; 0: none."""
        return self.task or self.said.about

    @property
    def effect(self) -> int:
        """The record that asks, as people see it: what is planted seems to have one."""
        return self.said.effect or (self.said.input if self.said.canary else 0)

    @property
    def blocks(self) -> bool:
        """Whether something waits for it, or seems to."""
        return self.said.blocks or self.said.canary

    @property
    def barred(self) -> tuple[str, ...]:
        """Who may not decide, as people see it: who has planted it would give it away."""
        return tuple(name for name in self.excluded if not self.said.canary or name == self.said.submitter)

    @property
    def planted(self) -> bool | None:
        """Whether it was planted; None as long as nobody may know."""
        return self.said.canary if self.resolved is not None else None

    @property
    def model(self) -> str:
        """The model whose use it is about; empty: none."""
        return signed_model(self.said.tool)

    def stop_clock(self, at_ms: int) -> None:
        """Let neither the deadline come nearer nor an approval age."""
        self.stands_since_ms = max(1, at_ms)

    def start_clock(self, at_ms: int) -> None:
        """Let time go on; what ran before it stood still ends as much later."""
        since_ms, self.stands_since_ms = self.stands_since_ms, 0
        if self.deadline_ms is not None:
            self.deadline_ms += max(0, at_ms - max(self.since_ms, since_ms))
        self.approvals = [
            replace(one, at_ms=one.at_ms + max(0, at_ms - max(one.at_ms, since_ms))) for one in self.approvals
        ]

    @property
    def is_signed(self) -> bool:
        """Whether an approval of it has to be signed: it is of exactly these arguments."""
        return self.said.kind == "approval"


def opened(task: int, fact: f.Escalated, parked: f.Parked | None = None) -> Asked:
    """Return an escalation as it begins; `parked` says what its decision has parked."""
    return Asked(
        number=Number(task, fact.number),
        said=fact,
        desk=fact.desk,
        deadline_ms=fact.deadline_ms,
        arguments=fact.arguments,
        digest=fact.digest,
        needs=fact.needs,
        rules=fact.rules,
        excluded=fact.excluded,
        desks=(fact.desk,),
        since_ms=fact.at_ms,
        parked=parked if fact.kind == "budget" else None,
    )


def take(asked: Asked, fact: PeopleFact) -> None:
    """Bring an escalation up to what was decided about it."""
    match fact:
        case f.EscalationMoved():
            asked.desk, asked.deadline_ms, asked.moved = fact.desk, fact.deadline_ms, fact
            asked.since_ms = fact.at_ms
            asked.desks = (*asked.desks, fact.desk)[-MOST_DESKS:]
        case f.ApprovalCounted():
            asked.approvals.append(fact)
        case f.ArgumentsEdited():
            asked.edited, asked.arguments, asked.digest = fact, fact.arguments, fact.digest
            asked.needs, asked.rules, asked.excluded = fact.needs, fact.rules, fact.excluded
            asked.approvals.clear()
        case f.Resolved():
            asked.resolved = fact
