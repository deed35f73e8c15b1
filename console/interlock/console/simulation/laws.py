"""The laws that every record of the log must keep, seen by a plain reader of the log.

Each record of a decision is read against what stood before it. The reader knows the inputs, the ledger and
who works on what; it knows nothing of the core's state.
"""

from collections.abc import Callable, Iterator
from functools import cache

import msgspec

from interlock.console.simulation.asking import Asking, effect_of
from interlock.console.simulation.consent import Consent
from interlock.console.simulation.leadership import Leadership
from interlock.console.simulation.ledger import NOTHING, Grant, Ledger, amounts, counts
from interlock.console.simulation.reckoning import Reckoning
from interlock.console.simulation.roster import STRANGER
from interlock.console.simulation.standing import Standing
from interlock.console.simulation.world import Execution
from interlock.contracts import facts
from interlock.contracts.decision import Decision
from interlock.contracts.effect import (
    EffectAborted,
    EffectCompleted,
    EffectCounted,
    EffectFailed,
    EffectRequest,
)
from interlock.contracts.inputs import Input
from interlock.contracts.people import Answer
from interlock.contracts.scope import Doing, Scope
from interlock.contracts.step import StepResult

Broken = Callable[[str, str], None]
_STOPPING = (facts.Halted, facts.FleetSwitched, facts.Switched, facts.Receipted)


@cache
def _spoken_of(kind: type[facts.AnyFact]) -> list[str]:
    """Return the fields in which such facts name records of inputs."""
    return [name for name in ("effect", "outcome", "result", "input") if hasattr(kind, name)]


class Attempt(msgspec.Struct):
    """Who has a step in hand."""

    number: int
    principal: str


class TaskSeen(msgspec.Struct):
    """What a reader of the log knows of a task."""

    submitted: int
    ended: str = ""
    ended_seq: int = 0
    hold: str = ""
    kind: str = ""
    attempts: dict[str, int] = {}
    in_hand: dict[str, Attempt] = {}


class Laws:
    """Reads the log record by record; calls `broken(law, sentence)` for each law that does not hold."""

    def __init__(self, broken: Broken) -> None:
        self.ledger = Ledger()
        self.leadership = Leadership()
        self.standing = Standing()
        self.reckoning = Reckoning(broken)
        self.tasks: dict[int, TaskSeen] = {}
        self.inputs: dict[int, Input] = {}
        self.switch = "running"
        self.undecided: set[int] = set()
        self.consent = Consent(broken)
        self._asking = Asking()
        self._broken = broken
        self._writes: dict[tuple[int, str, str], int] = {}
        self._seq = self._cause = 0
        self._causes: dict[int, int] = {}
        self._checks: dict[type[facts.AnyFact], Callable[[int, facts.AnyFact], None]] = {
            facts.Accepted: self._accepted,
            facts.StepAssigned: self._assigned,
            facts.StepCompleted: self._completed,
            facts.StepFailed: self._put_down,
            facts.StepLost: self._put_down,
            facts.StepSuspended: self._suspended,
            facts.EffectGranted: self._granted,
            facts.EffectSettled: self._settled,
            facts.Paused: self._held,
            facts.Drained: self._held,
            facts.Parked: self._held,
            facts.Resumed: self._resumed,
            facts.Completed: self._ended,
            facts.Failed: self._ended,
            facts.Halted: self._ended,
            facts.PlanRequested: self._planned_anew,
            facts.FleetSwitched: self._switched,
            facts.StepDead: self._died,
            facts.AgentJoined: self._joined,
            facts.AccessViolated: self._accused,
        }

    def said(self, said: Input) -> None:
        """Read an input."""
        self.inputs[said.seq] = said
        if said.task == said.seq:
            self.undecided.add(said.seq)
        body = said.body
        if isinstance(body, EffectCompleted | EffectFailed | EffectAborted):
            counted = not isinstance(body, EffectAborted) or not body.started
            used = body.used if counted else None
            self.ledger.outcome(said.seq, body.effect, body.grant, said.principal, used)
        elif isinstance(body, EffectCounted):
            self.ledger.outcome(said.seq, body.effect, body.grant, said.principal, amounts(NOTHING))

    def decided(self, decision: Decision, seq: int) -> None:
        """Read a decision."""
        self._seq, self._cause = seq, decision.cause
        self.undecided.discard(decision.task)
        for sentence in self._foresight(decision):
            self._broken("order", sentence)
        for sentence in self.leadership.read(decision, seq):
            self._broken("one writer", sentence)
        for fact in decision.facts:
            if isinstance(fact, _STOPPING):
                self.reckoning.read(decision.task, fact, killed_above=self._killed_above(decision.task))
                self.standing.read(fact)
            self.consent.read(decision.task, fact)
            if effect_of(fact):
                self._asked(decision.task, fact)
            check = self._checks.get(type(fact))
            if check is not None:
                check(decision.task, fact)
            for scope, taken in self.ledger.read(decision.task, fact, seq):
                excess = self.ledger.accounts[scope].excess(taken, decision.at_ms)
                if excess:
                    self._broken("limit", f"{scope} is overdrawn: {excess}")
        self.consent.after(decision.task, decision.cause, self.ledger.time.steps)

    def _foresight(self, decision: Decision) -> Iterator[str]:
        """Yield what a decision speaks of that was said only after its cause, and those of its task before.

        A new leader begins with the first input that is open, though other tasks are further.
        """
        cause = self._causes[decision.task] = max(decision.cause, self._causes.get(decision.task, 0))
        for fact in decision.facts:
            for name in _spoken_of(type(fact)):
                said = getattr(fact, name)
                if said > cause:
                    yield f"record {self._seq} follows from record {cause}, but speaks of {said}"

    def executed(self, execution: Execution) -> None:
        """See an execution begin in the world."""
        self.reckoning.executed(execution)
        self.consent.executed(execution)
        grant = self.ledger.grants.get((execution.effect, execution.grant))
        what = f"effect {execution.effect}, grant {execution.grant}"
        if grant is None:
            self._broken("durable", f"{what} was executed before its grant stood in the log")
            return
        if grant.worker != execution.worker:
            self._broken("grant", f"{what} was executed by {execution.worker}, not by {grant.worker}")
        if execution.write:
            place = (execution.task, execution.step, execution.key)
            if self._writes.setdefault(place, execution.effect * 1_000 + execution.grant) != (
                execution.effect * 1_000 + execution.grant
            ):
                self._broken("once", f"a write was executed twice: {what}, step {execution.step}")
        if grant.true_cost != NOTHING:
            self._broken("once", f"{what} was executed twice under one grant")
        grant.true_cost = counts(execution.cost)
        self._covers(grant, what)

    def _covers(self, grant: Grant, what: str) -> None:
        """Check that what was truly spent is settled or reserved."""
        amount = grant.reserved if grant.open else grant.settled
        if any(true > put_aside for true, put_aside in zip(grant.true_cost, amount, strict=True)):
            state = "reserved" if grant.open else "settled"
            self._broken("true cost", f"{what} truly cost {grant.true_cost}, but {amount} is {state}")

    # The laws of each fact.

    def _accepted(self, task: int, fact: facts.AnyFact) -> None:
        assert isinstance(fact, facts.Accepted)
        if task in self.tasks:
            self._broken("order", f"task {task} was accepted twice")
        if task not in self.inputs:
            self._broken("order", f"task {task} was accepted before it was submitted")
        tenant = self.standing.switches.get(Scope(kind="tenant", name=fact.tenant), ("running", 0))[0]
        for whose, state in (("the fleet", self.switch), (f"its tenant {fact.tenant}", tenant)):
            if state in {"draining", "killed"}:
                self._broken("halt", f"task {task} was accepted while {whose} was {state}")
        self.tasks[task] = TaskSeen(task)

    def _assigned(self, task: int, fact: facts.AnyFact) -> None:
        assert isinstance(fact, facts.StepAssigned)
        seen = self._moving(task, f"step {fact.step} was assigned")
        if self.ledger.time.steps.awaits(task, fact.step):
            self._broken("waiting", f"step {fact.step} of task {task} was assigned, but waits for people")
        forbidden = self.standing.forbids(self._doing(task, fact.step, fact.principal), step=True)
        if forbidden or seen.hold:
            why = forbidden or f"the task was {seen.hold}"
            self._broken("halt", f"step {fact.step} of task {task} was assigned while {why}")
        holder = seen.in_hand.get(fact.step)
        if holder is not None:
            self._broken(
                "assignment",
                f"step {fact.step} of task {task} was given to {fact.principal} while {holder.principal} "
                f"had attempt {holder.number}",
            )
        if fact.attempt != seen.attempts.get(fact.step, 0) + 1:
            self._broken("assignment", f"step {fact.step} of task {task} began attempt {fact.attempt} anew")
        seen.attempts[fact.step] = fact.attempt
        seen.in_hand[fact.step] = Attempt(fact.attempt, fact.principal)

    def _completed(self, task: int, fact: facts.AnyFact) -> None:
        assert isinstance(fact, facts.StepCompleted)
        holder = self._task(task).in_hand.get(fact.step)
        said = self.inputs.get(fact.result)
        body = said.body if said is not None else None
        if self.ledger.time.steps.awaits(task, fact.step):
            if not isinstance(body, Answer) or not self.consent.answers(task, fact.step, fact.result):
                self._broken("assignment", f"step {fact.step} of task {task} took the answer {fact.result}")
            return
        fits = (
            isinstance(body, StepResult)
            and said is not None
            and holder is not None
            and said.task == task
            and said.principal == holder.principal
            and (body.step, body.attempt) == (fact.step, fact.attempt)
            and fact.attempt == holder.number
        )
        if not fits:
            self._broken("assignment", f"step {fact.step} of task {task} took the result {fact.result}")
        self._put_down(task, fact)

    def _put_down(self, task: int, fact: facts.AnyFact) -> None:
        assert isinstance(fact, facts.StepCompleted | facts.StepFailed | facts.StepLost)
        holder = self._task(task).in_hand.pop(fact.step, None)
        if holder is None or holder.number != fact.attempt:
            self._broken("assignment", f"attempt {fact.attempt} of {fact.step} of task {task} ended unheld")

    def _asked(self, task: int, fact: facts.AnyFact) -> None:
        held = self._task(task).in_hand.get(getattr(fact, "step", ""))
        wrong = self._asking.read(fact, self.inputs, (held.principal, held.number) if held else None)
        if wrong:
            self._broken("assignment", f"in task {task} {wrong}")

    def _suspended(self, task: int, fact: facts.AnyFact) -> None:
        assert isinstance(fact, facts.StepSuspended)
        holder = self._task(task).in_hand.pop(fact.step, None)
        if fact.principal != (holder.principal if holder else ""):
            self._broken("waiting", f"{fact.step} of task {task} was not in the hand of {fact.principal}")

    def _granted(self, task: int, fact: facts.AnyFact) -> None:
        assert isinstance(fact, facts.EffectGranted)
        seen = self._moving(task, f"effect {fact.effect} was granted")
        holder = seen.in_hand.get(fact.step)
        doing = self._doing(task, fact.step, holder.principal if holder else "", fact.demand)
        forbidden = self.standing.forbids(doing, step=False)
        if forbidden:
            self._broken("halt", f"effect {fact.effect} of task {task} was granted while {forbidden}")
        what = f"effect {fact.effect} of task {task}"
        if fact.effect in self.ledger.open:
            self._broken("grant", f"{what} was granted while it was in flight")
        earlier = self.ledger.grants.get((fact.effect, fact.grant - 1))
        if (fact.effect, fact.grant) in self.ledger.grants or (fact.grant > 1 and earlier is None):
            self._broken("grant", f"{what} has a strange grant {fact.grant}")
        if earlier is not None and earlier.end not in {"lost", "counted"}:
            self._broken("grant", f"{what} was granted again after it was {earlier.end}")
        if earlier is not None and not fact.repeatable:
            self._broken("once", f"{what} may not be repeated, but was granted again")
        said = self.inputs.get(fact.effect)
        body = said.body if said is not None else None
        if not isinstance(body, EffectRequest) or said is None or said.task != task or body.key != fact.key:
            self._broken("grant", f"{what} was granted, but nobody asked for it")
        else:
            self.consent.granted(task, fact, body.call, self.ledger.role_of(task, fact.step))

    def _settled(self, task: int, fact: facts.AnyFact) -> None:
        assert isinstance(fact, facts.EffectSettled)
        what = f"effect {fact.effect} of task {task}"
        grant = self.ledger.open.get(fact.effect)
        if grant is None:
            if fact.grant or counts(fact.spent) != NOTHING:
                self._broken("settled twice", f"{what}, grant {fact.grant}, was not in flight: {fact.spent}")
            return
        if grant.number != fact.grant:
            self._broken("grant", f"{what} was settled by grant {fact.grant}, in flight is {grant.number}")
        if fact.end == "counted":
            self._count(grant, fact, what)
        if fact.outcome:
            self._check_outcome(grant, fact, what)
        elif 0 < grant.outcome <= self._cause:
            self._broken(
                "outcome", f"{what} is {fact.end}, though record {grant.outcome} says what came of it"
            )
        beyond = fact.spent.beyond(amounts(grant.reserved))
        if beyond != fact.overrun:
            self._broken("settled twice", f"{what} was settled beyond its reservation: {fact.spent}")
        amount = counts(fact.spent)
        if any(true > spent for true, spent in zip(grant.true_cost, amount, strict=True)):
            self._broken("true cost", f"{what} truly cost {grant.true_cost}, but was settled at {amount}")

    def _check_outcome(self, grant: Grant, fact: facts.EffectSettled, what: str) -> None:
        said = self.inputs.get(fact.outcome)
        body = said.body if said is not None else None
        fits = (
            isinstance(body, EffectCompleted | EffectFailed | EffectAborted | EffectCounted)
            and said is not None
            and said.principal == grant.worker
            and (body.effect, body.grant) == (fact.effect, grant.number)
        )
        if not fits:
            self._broken("grant", f"{what} was settled by record {fact.outcome}, which is no outcome of it")

    def _count(self, grant: Grant, fact: facts.EffectSettled, what: str) -> None:
        """Check that an effect is counted once, for nothing, and without having been executed."""
        earlier = [self.ledger.grants.get((fact.effect, number)) for number in range(1, grant.number)]
        if any(one is not None and one.end == "counted" for one in earlier):
            self._broken("grant", f"{what} was counted twice")
        if grant.true_cost != NOTHING or counts(fact.spent) != NOTHING:
            self._broken("grant", f"{what} was counted, but has cost {grant.true_cost}: {fact.spent}")

    def _held(self, task: int, fact: facts.AnyFact) -> None:
        assert isinstance(fact, facts.Paused | facts.Drained | facts.Parked)
        seen = self._task(task)
        seen.hold = type(fact).__name__.lower()
        seen.kind = fact.kind if isinstance(fact, facts.Parked) else seen.kind

    def _resumed(self, task: int, _fact: facts.AnyFact) -> None:
        seen = self._task(task)
        seen.hold = seen.kind = ""

    def _ended(self, task: int, fact: facts.AnyFact) -> None:
        seen = self._task(task)
        if seen.ended:
            self._broken("halt", f"task {task} was {seen.ended} and then {type(fact).__name__.lower()}")
        seen.ended, seen.ended_seq = type(fact).__name__.lower(), self._seq
        seen.in_hand.clear()

    def _planned_anew(self, task: int, fact: facts.AnyFact) -> None:
        assert isinstance(fact, facts.PlanRequested)
        if fact.replan:
            self._task(task).in_hand.clear()

    def _switched(self, _task: int, fact: facts.AnyFact) -> None:
        assert isinstance(fact, facts.FleetSwitched)
        self.switch = fact.state

    def _task(self, task: int) -> TaskSeen:
        seen = self.tasks.get(task)
        if seen is None:
            self._broken("order", f"a fact about task {task}, which was not accepted")
            seen = self.tasks[task] = TaskSeen(task)
        return seen

    def _moving(self, task: int, what: str) -> TaskSeen:
        """Check that something may start in a task now."""
        seen = self._task(task)
        if seen.ended:
            self._broken("halt", f"{what} after task {task} was {seen.ended} in record {seen.ended_seq}")
        elif seen.hold in {"paused", "parked"}:
            self._broken("halt", f"{what} while task {task} was {seen.hold}")
        elif self.switch not in {"running", "draining"}:
            self._broken("halt", f"{what} in task {task} while the fleet was {self.switch}")
        return seen

    def _doing(self, task: int, step: str, agent: str, demand: facts.Demand | None = None) -> Doing:
        return Doing(
            task=task,
            step=step,
            agent=agent,
            role=self.ledger.role_of(task, step),
            tenant=self.ledger.tenant_of(task),
            tool=demand.name if demand is not None and demand.kind == "tool" else "",
            model=demand.name if demand is not None and demand.kind == "model" else "",
        )

    def _killed_above(self, task: int) -> bool:
        tenant = Scope(kind="tenant", name=self.ledger.tenant_of(task))
        of_tenant = self.standing.switches.get(tenant, ("running", 0))[0]
        return self.switch == "killed" or of_tenant == "killed"

    def _died(self, task: int, fact: facts.AnyFact) -> None:
        assert isinstance(fact, facts.StepDead)
        self._task(task).in_hand.pop(fact.step, None)

    def _joined(self, _task: int, fact: facts.AnyFact) -> None:
        assert isinstance(fact, facts.AgentJoined)
        killed = self.standing.killed_since(Doing(agent=fact.principal, role=fact.charter.role))
        if killed is not None:
            self._broken("halt", f"{fact.principal} joined while {killed[0]} was killed")

    def _accused(self, _task: int, fact: facts.AnyFact) -> None:
        assert isinstance(fact, facts.AccessViolated)
        if fact.principal != STRANGER:
            self._broken("honest", f"{fact.principal} was accused: {fact.detail}")
