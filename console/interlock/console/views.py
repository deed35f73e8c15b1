"""What the console shows of a task and of the fleet; `projection` fills it, `plain` and `screen` draw it."""

from dataclasses import dataclass, field
from typing import Literal

from interlock.console.people.asked import Asked
from interlock.contracts import facts as f
from interlock.contracts.budget import NOTHING, Amounts, Budget
from interlock.contracts.plan import PlannedStep
from interlock.contracts.presence import ModelOffer
from interlock.contracts.results import Recommendation, TaskStatus
from interlock.contracts.scope import Doing, Scope, covers

StepState = Literal["waiting", "working", "awaiting", "done", "retrying", "dead", "reopened"]
EffectState = Literal["granted", "held", "denied", "escalated", "ended"]

ENDED: frozenset[TaskStatus] = frozenset({"completed", "failed", "halted", "rejected"})
QUIET: frozenset[TaskStatus] = frozenset({*ENDED, "parked"})
GOING_ON: frozenset[StepState] = frozenset({"waiting", "working", "retrying", "reopened"})
STRICTNESS: tuple[f.SwitchState, ...] = ("running", "paused", "draining", "killed")


@dataclass
class StepView:
    """One step: who has it, since when (ms since the epoch), and what it waits for."""

    id: str
    role: str = ""
    title: str = ""
    state: StepState = "waiting"
    principal: str = ""
    attempt: int = 0
    since_ms: int = 0
    ended_ms: int = 0
    note: str = ""
    doing: str = ""
    result: int = 0
    spent: Amounts = NOTHING
    effects: int = 0


@dataclass
class EffectView:
    """One effect: what it is, what is put aside for it, what it cost."""

    effect: int
    step: str
    name: str = ""
    worker: str = ""
    state: EffectState = "held"
    end: str = ""
    reserved: Amounts = NOTHING
    spent: Amounts = NOTHING
    reason: str = ""


@dataclass
class TaskView:
    """One task as its decisions tell it."""

    task: int
    goal: str = ""
    submitter: str = ""
    tenant: str = ""
    docs: str = ""
    status: TaskStatus = "planning"
    resumes_to: TaskStatus = "planning"
    parked_kind: str = ""
    lack: f.Lack | None = None
    reason: str = ""
    budget: Budget = field(default_factory=Budget)
    spent: Amounts = NOTHING
    steps: dict[str, StepView] = field(default_factory=dict[str, StepView])
    planned: tuple[PlannedStep, ...] = ()
    effects: dict[int, EffectView] = field(default_factory=dict[int, EffectView])
    verdict: str = ""
    verdict_reasons: tuple[str, ...] = ()
    verdict_step: str = ""
    results: dict[str, int] = field(default_factory=dict[str, int])
    began_ms: int = 0
    last_ms: int = 0
    active_ms: int = 0
    replans: int = 0
    models: tuple[str, ...] = ()
    cause: int = 0
    asked: dict[int, Asked] = field(default_factory=dict[int, Asked])
    recommendations: tuple[Recommendation, ...] = ()

    @property
    def reserved(self) -> Amounts:
        """What is put aside for the effects in flight."""
        total = NOTHING
        for effect in self.effects.values():
            if effect.state == "granted":
                total = total.plus(effect.reserved)
        return total

    @property
    def clock_runs(self) -> bool:
        """Whether wall time counts: not while the task is paused, waits for a person, or has ended."""
        return self.status not in QUIET and self.status != "paused" and not self.awaits_people

    @property
    def awaits_people(self) -> bool:
        """Whether all that could go on in it waits for people."""
        steps = self.steps
        after = {step.id: step.after for step in self.planned}
        return any(step.state == "awaiting" for step in steps.values()) and not any(
            step.state in GOING_ON
            and all(name in steps and steps[name].state == "done" for name in after.get(step.id, ()))
            for step in steps.values()
        )

    @property
    def total(self) -> Amounts:
        """What was spent in every dimension: effects as settled, steps, replans and time as seen here."""
        begun = sum(1 for step in self.steps.values() if step.attempt)
        seen = Amounts(wall_ms=self.active_ms, steps=begun, replans=self.replans)
        return Amounts(
            spend_usd_micros=self.spent.spend_usd_micros,
            tokens=self.spent.tokens,
            model_calls=self.spent.model_calls,
            tool_calls=self.spent.tool_calls,
            wall_ms=max(seen.wall_ms, self.spent.wall_ms),
            steps=max(seen.steps, self.spent.steps),
            replans=max(seen.replans, self.spent.replans),
        )

    @property
    def has_ended(self) -> bool:
        """Whether nothing will happen any more."""
        return self.status in ENDED

    @property
    def is_quiet(self) -> bool:
        """Whether nothing will happen until a person does something."""
        return self.status in QUIET

    @property
    def waits_for(self) -> list[Asked]:
        """What people are asked and it waits for, the oldest first."""
        return [asked for asked in self.asked.values() if asked.blocks and not self.has_ended]

    @property
    def seconds(self) -> float:
        """Seconds from the first decision to the latest."""
        return max(0, self.last_ms - self.began_ms) / 1000


@dataclass
class MemberView:
    """One agent, effect worker, guard or access service; those that only watch have no capacity."""

    principal: str
    kind: Literal["agent", "effects", "guard", "access"]
    incarnation: str
    capacity: int
    about: str = ""
    role: str = ""
    offers: tuple[str, ...] = ()
    models: tuple[ModelOffer, ...] = ()
    since_ms: int = 0
    left: str = ""
    in_hand: int | None = None


@dataclass
class FleetView:
    """Who is there, the switch over everything, and those over agents and roles that are not running.

    `policies` is the version that holds, `refused` what was said after it and will not do.
    """

    members: dict[str, MemberView] = field(default_factory=dict[str, MemberView])
    switch: str = "running"
    switched_by: str = ""
    reason: str = ""
    switches: dict[Scope, f.Switched] = field(default_factory=dict[Scope, f.Switched])
    policies: str = ""
    refused: f.PoliciesRefused | None = None

    def switch_over(self, member: MemberView) -> f.Switched | None:
        """Return the switch that holds an agent, the strictest where there are several."""
        if member.kind != "agent":
            return None
        doing = Doing(agent=member.principal, role=member.role)
        over = [fact for scope, fact in self.switches.items() if covers(scope, doing)]
        return max(over, key=lambda fact: STRICTNESS.index(fact.state), default=None)

    def is_killed(self, member: MemberView) -> bool:
        """Whether an agent may not live, by a switch over it or its role."""
        switch = self.switch_over(member)
        return switch is not None and switch.state == "killed"
