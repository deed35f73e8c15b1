"""`evolve(state, task, fact) -> state`: what a fact makes of the state, as far as the tables allow."""

from collections.abc import Callable
from typing import Any

from interlock.contracts import facts
from interlock.contracts.decision import Decision
from interlock.supervisor.core.evolving import effects, fleet, kills, people, policies, steps, switches, tasks
from interlock.supervisor.core.state import State


def _unchanged(state: State, _task: int, _fact: facts.AnyFact) -> State:
    return state


_CHANGES: dict[type[Any], Callable[[State, int, Any], State]] = {
    facts.Accepted: tasks.accepted,
    facts.Rejected: _unchanged,
    facts.Refused: fleet.refused,
    facts.PlanRequested: tasks.plan_requested,
    facts.Planned: tasks.planned,
    facts.PlanRefused: tasks.plan_refused,
    facts.ReviewRequested: tasks.review_requested,
    facts.Reviewed: tasks.reviewed,
    facts.Paused: tasks.held,
    facts.Drained: tasks.held,
    facts.Parked: tasks.held,
    facts.Resumed: tasks.resumed,
    facts.LimitRaised: tasks.limit_raised,
    facts.LoopFound: tasks.loop_found,
    facts.BudgetWarned: tasks.budget_warned,
    facts.Completed: tasks.ended,
    facts.Failed: tasks.ended,
    facts.Halted: tasks.ended,
    facts.StepAssigned: steps.assigned,
    facts.StepWaiting: steps.waiting,
    facts.StepCompleted: steps.completed,
    facts.StepFailed: steps.failed,
    facts.StepLost: steps.lost,
    facts.StepRetried: steps.retried,
    facts.StepDead: steps.dead,
    facts.StepReopened: steps.reopened,
    facts.StepSuspended: steps.suspended,
    facts.StepAwakened: steps.awakened,
    facts.StepStopped: kills.stopped,
    facts.EffectGranted: effects.granted,
    facts.EffectHeld: effects.held,
    facts.EffectDenied: effects.denied,
    facts.EffectEscalated: effects.escalated,
    facts.EffectRecommended: effects.recommended,
    facts.EffectRepeated: effects.repeated,
    facts.EffectSettled: effects.settled,
    facts.AgentJoined: fleet.agent_joined,
    facts.EffectsJoined: fleet.effects_joined,
    facts.GuardJoined: fleet.guard_joined,
    facts.AccessJoined: fleet.access_joined,
    facts.Left: fleet.left,
    facts.FleetSwitched: switches.fleet_switched,
    facts.Switched: switches.switched,
    facts.ReleaseAsked: switches.release_asked,
    facts.ReleaseRuleSet: switches.release_rule_set,
    facts.AgentCondemned: kills.condemned,
    facts.ExitObserved: kills.exit_observed,
    facts.ConnectionObserved: kills.connection_observed,
    facts.Receipted: kills.receipted,
    facts.AccessViolated: fleet.access_violated,
    facts.Entitled: fleet.entitled,
    facts.LimitsSet: fleet.limits_set,
    facts.Escalated: people.escalated,
    facts.EscalationMoved: people.moved,
    facts.ApprovalCounted: people.counted,
    facts.ArgumentsEdited: people.edited,
    facts.Resolved: people.resolved,
    facts.Delegated: people.delegated,
    facts.PoliciesSet: policies.policies_set,
    facts.PoliciesRefused: _unchanged,
    facts.AutonomySet: policies.autonomy_set,
    facts.CharterExceeded: _unchanged,
    facts.LeaderTook: _unchanged,
    facts.LeaderLeft: _unchanged,
    facts.Led: fleet.led,
}


def evolve(state: State, task: int, fact: facts.AnyFact) -> State:
    """Return the state after one fact about `task` (0: the fleet).

    Raises IllegalFact, and leaves `state` as it was, when the tables do not allow the fact.
    """
    return _CHANGES[type(fact)](state, task, fact)


def replay(state: State, decision: Decision) -> State:
    """Return the state after all facts of a decision."""
    for fact in decision.facts:
        state = evolve(state, decision.task, fact)
    return state
