"""The facts that the supervisor decides, one struct each.

Times are milliseconds since the epoch (0: written before facts told theirs), sequences are log records.
Bulk is named by sequence, never copied.
"""

from interlock.contracts.facts.budgets import BudgetWarned, Lack, LimitRaised, LimitsSet, LoopFound, Parked
from interlock.contracts.facts.effects import (
    Demand,
    EffectDenied,
    EffectEscalated,
    EffectGranted,
    EffectHeld,
    EffectRepeated,
    EffectSettled,
)
from interlock.contracts.facts.fact import Fact
from interlock.contracts.facts.fleet import AgentJoined, EffectsJoined, FleetSwitched, Left
from interlock.contracts.facts.leadership import LeaderLeft, LeaderTook, Led
from interlock.contracts.facts.steps import (
    StepAssigned,
    StepCompleted,
    StepDead,
    StepFailed,
    StepLost,
    StepReopened,
    StepRetried,
    StepWaiting,
)
from interlock.contracts.facts.tasks import (
    Accepted,
    Completed,
    Failed,
    Halted,
    Paused,
    Planned,
    PlanRefused,
    PlanRequested,
    Refused,
    Rejected,
    Resumed,
    Reviewed,
    ReviewRequested,
)

TaskFact = (
    Accepted
    | Rejected
    | Refused
    | PlanRequested
    | Planned
    | PlanRefused
    | ReviewRequested
    | StepAssigned
    | StepWaiting
    | StepCompleted
    | StepFailed
    | StepLost
    | StepRetried
    | StepDead
    | StepReopened
    | EffectGranted
    | EffectHeld
    | EffectDenied
    | EffectEscalated
    | EffectRepeated
    | EffectSettled
    | BudgetWarned
    | LimitRaised
    | LoopFound
    | Parked
    | Paused
    | Resumed
    | Reviewed
    | Completed
    | Failed
    | Halted
    | Led
)
LeaderFact = LeaderTook | LeaderLeft
FleetFact = AgentJoined | EffectsJoined | Left | FleetSwitched | LimitsSet | BudgetWarned | Refused | Led
AnyFact = TaskFact | AgentJoined | EffectsJoined | Left | FleetSwitched | LimitsSet | LeaderFact

__all__ = [
    "Accepted",
    "AgentJoined",
    "AnyFact",
    "BudgetWarned",
    "Completed",
    "Demand",
    "EffectDenied",
    "EffectEscalated",
    "EffectGranted",
    "EffectHeld",
    "EffectRepeated",
    "EffectSettled",
    "EffectsJoined",
    "Fact",
    "Failed",
    "FleetFact",
    "FleetSwitched",
    "Halted",
    "Lack",
    "LeaderFact",
    "LeaderLeft",
    "LeaderTook",
    "Led",
    "Left",
    "LimitRaised",
    "LimitsSet",
    "LoopFound",
    "Parked",
    "Paused",
    "PlanRefused",
    "PlanRequested",
    "Planned",
    "Refused",
    "Rejected",
    "Resumed",
    "ReviewRequested",
    "Reviewed",
    "StepAssigned",
    "StepCompleted",
    "StepDead",
    "StepFailed",
    "StepLost",
    "StepReopened",
    "StepRetried",
    "StepWaiting",
    "TaskFact",
]
