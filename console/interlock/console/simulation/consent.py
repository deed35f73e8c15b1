"""Whether people had agreed, by a plain reader of the log: who may, to what, once, and by one verdict.

It checks signatures and counts heads itself, and knows the rules as numbers; of the core's state it knows
nothing. The laws are `consent` (nothing runs to which people had to agree and have not), `verdict` (one
counts, of somebody who may) and `waiting` (nothing begins in a step that waits for people).
"""

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec.structs import replace

from interlock.console.simulation.pauses import Pauses, later_ms
from interlock.console.simulation.roster import FINANCE, SUBMITTER, is_member, key_of
from interlock.console.simulation.rules import BY_DIGEST, Sums
from interlock.console.simulation.standstill import Steps
from interlock.console.simulation.thinking import PREFIX, done_otherwise, sent_otherwise, takes_people
from interlock.console.simulation.world import PAY, Execution
from interlock.contracts import facts
from interlock.contracts.approval import digest_of, is_signed
from interlock.contracts.effect import Call, ModelCall, ToolCall
from interlock.contracts.message import Json
from interlock.contracts.people import Need

Broken = Callable[[str, str], None]
Number = tuple[int, int]
YES = frozenset(("approved", "edited"))
_S = 1_000


class Asked(msgspec.Struct):
    """One that is open: what is asked for now, and who has agreed to that."""

    said: facts.Escalated
    arguments: Json
    digest: str
    needs: tuple[Need, ...]
    excluded: tuple[str, ...]
    desk: str
    agreed: list[facts.ApprovalCounted] = []


class Begun(msgspec.Struct, frozen=True):
    """A grant without anybody's word, and the cause of the decision that holds it (0: it is being read)."""

    task: int
    fact: facts.EffectGranted
    cause: int = 0


class Consent:
    """All that people are asked and decide."""

    def __init__(self, broken: Broken) -> None:
        self.open: dict[Number, Asked] = {}
        self.closed: dict[Number, str] = {}
        self.policies = ""
        self._broken = broken
        self._pauses = Pauses(self._paused)
        self._highest: dict[int, int] = {}
        self._delegations: dict[str, facts.Delegated] = {}
        self.approved: dict[int, Asked] = {}
        self._begun: list[Begun] = []
        self._answers: dict[tuple[int, str], int] = {}
        self._paid: dict[str, tuple[int, int]] = {}
        self._readers: dict[type[Any], Callable[[int, Any], None]] = {
            facts.Escalated: self._escalated,
            facts.EscalationMoved: self._moved,
            facts.ArgumentsEdited: self._edited,
            facts.ApprovalCounted: self._counted,
            facts.Resolved: self._resolved,
            facts.Delegated: self._delegated,
            facts.PoliciesSet: self._set,
            facts.Completed: self._ended,
            facts.Failed: self._ended,
            facts.Halted: self._ended,
        }

    @property
    def sums(self) -> Sums | None:
        """The rules in force, as numbers; None: nothing with a side effect may happen."""
        return BY_DIGEST.get(self.policies)

    def read(self, task: int, fact: facts.AnyFact) -> None:
        """Read a fact."""
        self._pauses.read(task, fact)
        reader = self._readers.get(type(fact))
        if reader is not None:
            reader(task, fact)

    def granted(self, task: int, fact: facts.EffectGranted, call: Call, role: str) -> None:
        """See a grant of what a role has asked for."""
        what = f"effect {fact.effect} of task {task}"
        approved = self.approved.get(fact.effect)
        if any(
            one.said.effect == fact.effect and one.said.kind == "approval"
            for (number, _), one in self.open.items()
            if number == task
        ):
            self._broken("consent", f"{what} was granted while people were asked about it")
        if approved is None:
            self._begun.append(Begun(task, fact))
        if isinstance(call, ModelCall):
            why_not = self._why_no_model(fact, call, role, approved)
            if why_not:
                self._broken("consent", f"{what}, of {fact.demand.name}, was granted {why_not}")
            return
        if fact.demand.name != PAY.tool or not isinstance(call, ToolCall):
            return
        cents = (call.arguments if approved is None else approved.arguments).get("cents", 0)
        why_not = self._why_not(cents, approved)
        if why_not:
            self._broken("consent", f"{what} was granted, {cents} cents, {why_not}")

    def _why_no_model(
        self, fact: facts.EffectGranted, call: ModelCall, role: str, approved: Asked | None
    ) -> str:
        if not takes_people(self.sums, fact.worker, role):
            return ""
        if approved is None:
            return "and nobody was asked"
        if any(one.approval.statement.policies != self.policies for one in approved.agreed):
            return "and what people have signed was under other policies"
        if not _heads(approved.agreed, FINANCE) - {SUBMITTER}:
            return "and nobody of finance has agreed"
        return sent_otherwise(fact, call, approved.said)

    def _why_not(self, cents: int, approved: Asked | None) -> str:
        if self.sums is None:
            return "though no policies hold"
        if cents > self.sums.most:
            return f"though no more than {self.sums.most} may be paid"
        if cents <= self.sums.free:
            return ""
        if approved is None:
            return "and nobody was asked"
        heads = _heads(approved.agreed, FINANCE) - {SUBMITTER}
        stale = any(one.approval.statement.policies != self.policies for one in approved.agreed)
        if stale:
            return "and what people have signed was under other policies"
        return "" if len(heads) >= self.sums.quorum else f"and only {sorted(heads)} of finance have agreed"

    def after(self, task: int, cause: int, steps: Steps) -> None:
        """See the end of a decision: only what people have agreed to begins in a step that waits for them.

        What follows from one input may stand in several records, and the step be awake in the last of them.
        """
        kept: list[Begun] = []
        for begun in self._begun:
            if begun.task != task:
                kept.append(begun)
            elif steps.awaits(task, begun.fact.step):
                if cause > begun.cause > 0:
                    what = f"effect {begun.fact.effect} of task {task} was granted"
                    self._broken("waiting", f"{what} while step {begun.fact.step} waits for people")
                kept.append(Begun(task, begun.fact, begun.cause or cause))
        self._begun = kept

    def answers(self, task: int, step: str, record: int) -> bool:
        """Tell whether a record holds the one answer to what was asked as a step."""
        return self._answers.get((task, step)) == record

    def executed(self, execution: Execution) -> None:
        """See an execution begin in the world."""
        approved = self.approved.get(execution.effect)
        what = f"effect {execution.effect} of task {execution.task}"
        if execution.tool.startswith(PREFIX) and approved is not None:
            otherwise = done_otherwise(execution, approved.said)
            if otherwise:
                self._broken("consent", f"{what} {otherwise}")
        if execution.tool != PAY.tool:
            return
        if approved is not None and digest_of(execution.arguments) != approved.digest:
            self._broken("consent", f"{what} pays {execution.arguments}, agreed was {approved.arguments}")
        for one in approved.agreed if approved is not None else ():
            grant = (execution.effect, execution.grant)
            if self._paid.setdefault(one.approval.signature, grant) != grant:
                self._broken("consent", f"{what} was done with what {one.by} had agreed to once before")

    # The laws of each fact.

    def _escalated(self, task: int, fact: facts.Escalated) -> None:
        name = f"{task}.{fact.number}"
        if fact.number != self._highest.get(task, 0) + 1:
            self._broken("verdict", f"{name} is not the next number of its task")
        self._highest[task] = fact.number
        if fact.kind == "approval" and digest_of(fact.arguments) != fact.digest:
            self._broken("verdict", f"{name} asks about other arguments than it shows")
        if fact.canary and (fact.effect or fact.blocks):
            self._broken("consent", f"{name} is planted, and an effect or a step hangs on it")
        self.open[task, fact.number] = Asked(
            said=fact,
            arguments=fact.arguments,
            digest=fact.digest,
            needs=fact.needs,
            excluded=fact.excluded,
            desk=fact.desk,
        )

    def _moved(self, task: int, fact: facts.EscalationMoved) -> None:
        asked = self._asked(task, fact.number, "moved")
        if asked is not None:
            asked.desk = fact.desk

    def _edited(self, task: int, fact: facts.ArgumentsEdited) -> None:
        asked = self._asked(task, fact.number, "edited")
        if asked is None:
            return
        if not self._may(asked, fact.by, fact.by):
            self._broken("verdict", f"{task}.{fact.number} was edited by {fact.by}, who may not")
        if asked.said.tool.startswith(PREFIX):
            self._broken("verdict", f"{task}.{fact.number} was edited: what a model is asked is not")
        asked.arguments, asked.digest, asked.needs = fact.arguments, fact.digest, fact.needs
        asked.excluded, asked.agreed = fact.excluded, []

    def _counted(self, task: int, fact: facts.ApprovalCounted) -> None:
        asked = self._asked(task, fact.number, "approved")
        if asked is None:
            return
        why_not = self._not_counting(task, asked, fact)
        if why_not:
            self._broken("consent", f"{task}.{fact.number}: the word of {fact.by} was counted, {why_not}")
        asked.agreed = [*asked.agreed, fact]

    def _not_counting(self, task: int, asked: Asked, fact: facts.ApprovalCounted) -> str:
        return _unsound(task, asked, fact) or self._not_theirs(asked, fact)

    def _not_theirs(self, asked: Asked, fact: facts.ApprovalCounted) -> str:
        person = fact.instead_of or fact.by
        if not any(is_member(person, need.role) for need in asked.needs):
            return "who is of none of the roles that have to agree"
        if {person, fact.by} & set(asked.excluded):
            return "who had asked for it"
        if fact.instead_of and not self._stands_in(fact.by, fact.instead_of, fact.at_ms):
            return f"in place of {fact.instead_of}, who has not asked for that"
        return ""

    def _stands_in(self, who: str, whom: str, at_ms: int) -> bool:
        given = self._delegations.get(whom)
        return given is not None and given.to == who and at_ms < given.until_ms

    def _resolved(self, task: int, fact: facts.Resolved) -> None:
        asked = self._asked(task, fact.number, "decided")
        self.open.pop((task, fact.number), None)
        self.closed[task, fact.number] = fact.verdict
        if asked is None:
            return
        if asked.said.kind == "approval" and fact.verdict in YES:
            self._agreed(task, asked, fact)
        elif asked.said.kind == "step" and fact.verdict == "answered":
            self._answers[task, asked.said.step] = fact.input
        elif fact.verdict == "rejected":
            for who in fact.by:
                if not self._may(asked, who, who) and who != asked.said.submitter:
                    self._broken("verdict", f"{task}.{fact.number} was rejected by {who}, who may not")

    def _agreed(self, task: int, asked: Asked, fact: facts.Resolved) -> None:
        """Check that enough different people have agreed, and keep what they have agreed to."""
        counting = [
            one
            for one in asked.agreed
            if fact.at_ms < self._until_ms(task, one, fact.at_ms)
            and one.approval.statement.policies == self.policies
        ]
        for need in asked.needs:
            heads = _heads(counting, need.role)
            if len(heads) < need.quorum:
                self._broken(
                    "consent",
                    f"{task}.{fact.number} was {fact.verdict} by {sorted(heads)}: it takes {need.quorum} "
                    f"of {need.role}",
                )
        asked.agreed = counting
        if task and not asked.said.canary:
            self.approved[asked.said.effect] = asked

    def _until_ms(self, task: int, one: facts.ApprovalCounted, at_ms: int) -> int:
        return self._pauses.moved_ms(task, one.at_ms, at_ms) + one.approval.statement.valid_s * _S

    def _paused(self, task: int, since_ms: int, at_ms: int) -> None:
        """Let what was agreed to in a task be younger by the pause that is over."""
        for (number, _), asked in self.open.items():
            if number == task:
                asked.agreed = [
                    replace(one, at_ms=later_ms(one.at_ms, since_ms, at_ms)) for one in asked.agreed
                ]

    def _may(self, asked: Asked, who: str, person: str) -> bool:
        roles = {"operator", asked.desk, asked.said.desk, *(need.role for need in asked.needs)}
        people = {person, *(by for by, given in self._delegations.items() if given.to == who)}
        return any(is_member(name, role) for name in people for role in roles)

    def _delegated(self, _task: int, fact: facts.Delegated) -> None:
        self._delegations[fact.by] = fact

    def _set(self, _task: int, fact: facts.PoliciesSet) -> None:
        self.policies = fact.digest

    def _ended(self, task: int, fact: facts.AnyFact) -> None:
        left = [number for owner, number in self.open if owner == task]
        if left:
            word = type(fact).__name__.lower()
            self._broken("verdict", f"task {task} was {word}, but {left} of it are open for ever")
            for number in left:
                del self.open[task, number]

    def _asked(self, task: int, number: int, word: str) -> Asked | None:
        asked = self.open.get((task, number))
        if asked is None:
            was = self.closed.get((task, number), "never asked")
            self._broken("verdict", f"{task}.{number} was {word}, though it was {was}")
        return asked


def _unsound(task: int, asked: Asked, fact: facts.ApprovalCounted) -> str:
    """Return why what was signed is not this, by whom it is said to be; empty: it is."""
    said = fact.approval.statement
    if said.by != fact.by or fact.approval.public_key != key_of(fact.by).public_key:
        return "though somebody else has signed"
    if not is_signed(fact.approval):
        return "though the signature is not over what it says"
    if (said.task, said.number, said.effect) != (task, fact.number, asked.said.effect):
        return f"which was signed for {said.task}.{said.number}"
    if (said.tool, said.arguments) != (asked.said.tool, asked.digest):
        return "which was signed over something else"
    return ""


def _heads(agreed: list[facts.ApprovalCounted], role: str) -> set[str]:
    """Return the members of a role who have agreed: one for each who signed, whoever it was for."""
    people = {one.by: one.instead_of or one.by for one in agreed}
    return {name for name in people.values() if is_member(name, role)}
