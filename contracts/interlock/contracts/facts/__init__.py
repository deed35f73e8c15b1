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
    EffectRecommended,
    EffectRepeated,
    EffectSettled,
)
from interlock.contracts.facts.fact import Fact
from interlock.contracts.facts.fleet import AgentJoined, EffectsJoined, Left
from interlock.contracts.facts.leadership import LeaderLeft, LeaderTook, Led
from interlock.contracts.facts.observed import (
    AccessJoined,
    AccessViolated,
    ConnectionObserved,
    Entitled,
    ExitObserved,
    GuardJoined,
)
from interlock.contracts.facts.people import (
    ApprovalCounted,
    ArgumentsEdited,
    Delegated,
    Escalated,
    EscalationMoved,
    Resolved,
)
from interlock.contracts.facts.policies import AutonomySet, CharterExceeded, PoliciesRefused, PoliciesSet
from interlock.contracts.facts.receipts import (
    EffectFate,
    EffectReceipt,
    ProcessFate,
    ProcessReceipt,
    Receipted,
)
from interlock.contracts.facts.steps import (
    StepAssigned,
    StepAwakened,
    StepCompleted,
    StepDead,
    StepFailed,
    StepLost,
    StepReopened,
    StepRetried,
    StepStopped,
    StepSuspended,
    StepWaiting,
)
from interlock.contracts.facts.switches import (
    AgentCondemned,
    FleetSwitched,
    ReleaseAsked,
    ReleaseRuleSet,
    Switched,
    SwitchState,
)
from interlock.contracts.facts.tasks import (
    Accepted,
    Completed,
    Drained,
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
    | StepStopped
    | StepSuspended
    | StepAwakened
    | EffectGranted
    | EffectHeld
    | EffectDenied
    | EffectEscalated
    | EffectRecommended
    | EffectRepeated
    | EffectSettled
    | BudgetWarned
    | LimitRaised
    | LoopFound
    | Parked
    | Paused
    | Drained
    | Resumed
    | Reviewed
    | Completed
    | Failed
    | Halted
    | Switched
    | AccessViolated
    | Receipted
    | Led
    | Escalated
    | EscalationMoved
    | ApprovalCounted
    | ArgumentsEdited
    | Resolved
)
LeaderFact = LeaderTook | LeaderLeft
FleetFact = (
    AgentJoined
    | EffectsJoined
    | GuardJoined
    | AccessJoined
    | Left
    | FleetSwitched
    | Switched
    | ReleaseAsked
    | ReleaseRuleSet
    | AgentCondemned
    | ExitObserved
    | ConnectionObserved
    | AccessViolated
    | Entitled
    | Receipted
    | LimitsSet
    | BudgetWarned
    | Refused
    | Led
    | Escalated
    | EscalationMoved
    | ApprovalCounted
    | ArgumentsEdited
    | Resolved
    | Delegated
    | PoliciesSet
    | PoliciesRefused
    | AutonomySet
    | CharterExceeded
)
AnyFact = (
    TaskFact
    | AgentJoined
    | EffectsJoined
    | GuardJoined
    | AccessJoined
    | Left
    | FleetSwitched
    | ReleaseAsked
    | ReleaseRuleSet
    | AgentCondemned
    | ExitObserved
    | ConnectionObserved
    | Entitled
    | LimitsSet
    | Delegated
    | PoliciesSet
    | PoliciesRefused
    | AutonomySet
    | CharterExceeded
    | LeaderFact
)

__all__ = [
    "Accepted",
    "AccessJoined",
    "AccessViolated",
    "AgentCondemned",
    "AgentJoined",
    "AnyFact",
    "ApprovalCounted",
    "ArgumentsEdited",
    "AutonomySet",
    "BudgetWarned",
    "CharterExceeded",
    "Completed",
    "ConnectionObserved",
    "Delegated",
    "Demand",
    "Drained",
    "EffectDenied",
    "EffectEscalated",
    "EffectFate",
    "EffectGranted",
    "EffectHeld",
    "EffectReceipt",
    "EffectRecommended",
    "EffectRepeated",
    "EffectSettled",
    "EffectsJoined",
    "Entitled",
    "Escalated",
    "EscalationMoved",
    "ExitObserved",
    "Fact",
    "Failed",
    "FleetFact",
    "FleetSwitched",
    "GuardJoined",
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
    "PoliciesRefused",
    "PoliciesSet",
    "ProcessFate",
    "ProcessReceipt",
    "Receipted",
    "Refused",
    "Rejected",
    "ReleaseAsked",
    "ReleaseRuleSet",
    "Resolved",
    "Resumed",
    "ReviewRequested",
    "Reviewed",
    "StepAssigned",
    "StepAwakened",
    "StepCompleted",
    "StepDead",
    "StepFailed",
    "StepLost",
    "StepReopened",
    "StepRetried",
    "StepStopped",
    "StepSuspended",
    "StepWaiting",
    "SwitchState",
    "Switched",
    "TaskFact",
]
