"""The state machines, as tables: what is not in a table does not happen.

Each table maps a state and the wire name of a fact to the next state. The diagrams in docs/machines.md are
drawn from these tables. Two things run side by side in a task: its *phase* (how far it is) and its *hold*
(whether it may move).
"""

from typing import Literal

from interlock.contracts.facts import SwitchState
from interlock.supervisor.errors import IllegalFact

Phase = Literal["none", "planning", "working", "reviewing", "completed", "failed", "halted", "rejected"]
Hold = Literal["free", "paused", "draining", "parked"]
StepState = Literal["blocked", "ready", "assigned", "awaiting", "backing_off", "completed", "dead", "dropped"]
EffectState = Literal[
    "none",
    "held",
    "granted",
    "escalated",
    "lost",
    "completed",
    "failed",
    "aborted",
    "denied",
    "in_doubt",
    "answered",
    "recommended",
]
EscalationState = Literal["none", "open", "closed"]

PHASES: dict[Phase, dict[str, Phase]] = {
    "none": {"accepted": "planning", "rejected": "rejected"},
    "planning": {
        "plan_requested": "planning",
        "plan_refused": "planning",
        "planned": "working",
        "failed": "failed",
        "halted": "halted",
    },
    "working": {
        "plan_requested": "planning",
        "review_requested": "reviewing",
        "completed": "completed",
        "failed": "failed",
        "halted": "halted",
    },
    "reviewing": {
        "reviewed": "reviewing",
        "step_reopened": "working",
        "plan_requested": "planning",
        "completed": "completed",
        "failed": "failed",
        "halted": "halted",
    },
    "completed": {},
    "failed": {},
    "halted": {},
    "rejected": {},
}

HOLDS: dict[Hold, dict[str, Hold]] = {
    "free": {"paused": "paused", "drained": "draining", "parked": "parked"},
    "paused": {"resumed": "free", "drained": "draining", "parked": "parked"},
    "draining": {"resumed": "free", "paused": "paused", "parked": "parked"},
    "parked": {"resumed": "free", "paused": "paused", "parked": "parked"},
}

STEPS: dict[StepState, dict[str, StepState]] = {
    "blocked": {"unblocked": "ready", "step_dead": "dead", "dropped": "dropped"},
    "ready": {
        "step_assigned": "assigned",
        "step_waiting": "ready",
        "step_suspended": "awaiting",
        "step_dead": "dead",
        "blocked": "blocked",
        "dropped": "dropped",
    },
    "assigned": {
        "step_completed": "completed",
        "step_failed": "backing_off",
        "step_lost": "ready",
        "step_suspended": "awaiting",
        "step_dead": "dead",
        "dropped": "dropped",
    },
    "awaiting": {
        "step_awakened": "ready",
        "step_completed": "completed",
        "step_dead": "dead",
        "dropped": "dropped",
    },
    "backing_off": {"step_retried": "ready", "step_dead": "dead", "dropped": "dropped"},
    "completed": {"step_reopened": "blocked"},
    "dead": {},
    "dropped": {},
}

EFFECTS: dict[EffectState, dict[str, EffectState]] = {
    "none": {
        "effect_granted": "granted",
        "effect_held": "held",
        "effect_denied": "denied",
        "effect_recommended": "recommended",
        "effect_escalated": "escalated",
    },
    "held": {
        "effect_granted": "granted",
        "effect_held": "held",
        "effect_denied": "denied",
        "effect_recommended": "recommended",
        "effect_escalated": "escalated",
        "aborted": "aborted",
    },
    "granted": {
        "completed": "completed",
        "failed": "failed",
        "aborted": "aborted",
        "lost": "lost",
        "counted": "held",
        "in_doubt": "in_doubt",
    },
    "lost": {
        "effect_granted": "granted",
        "effect_held": "held",
        "effect_denied": "denied",
        "effect_escalated": "escalated",
        "aborted": "aborted",
    },
    "escalated": {
        "effect_escalated": "escalated",
        "effect_granted": "granted",
        "effect_held": "held",
        "effect_recommended": "recommended",
        "effect_denied": "denied",
        "answered": "answered",
        "aborted": "aborted",
    },
    "completed": {},
    "failed": {},
    "aborted": {},
    "denied": {},
    "in_doubt": {},
    "answered": {},
    "recommended": {},
}

ESCALATIONS: dict[EscalationState, dict[str, EscalationState]] = {
    "none": {"escalated": "open"},
    "open": {
        "escalation_moved": "open",
        "approval_counted": "open",
        "arguments_edited": "open",
        "resolved": "closed",
    },
    "closed": {},
}

SWITCHES: dict[SwitchState, dict[str, SwitchState]] = {
    "running": {"pause": "paused", "drain": "draining", "kill": "killed"},
    "paused": {"resume": "running", "kill": "killed", "drain": "draining"},
    "draining": {"resume": "running", "kill": "killed", "pause": "paused"},
    "killed": {"resume": "running"},
}

ENDED_EFFECTS = frozenset(state for state, following in EFFECTS.items() if not following)


def next_phase(phase: Phase, fact: str) -> Phase:
    """Return the phase after a fact; raise IllegalFact if the table has none."""
    try:
        return PHASES[phase][fact]
    except KeyError:
        raise IllegalFact(f"a task that is {phase} cannot be {fact}") from None


def next_hold(hold: Hold, fact: str) -> Hold:
    """Return the hold after a fact; raise IllegalFact if the table has none."""
    try:
        return HOLDS[hold][fact]
    except KeyError:
        raise IllegalFact(f"a task that is {hold} cannot be {fact}") from None


def next_step(state: StepState, event: str) -> StepState:
    """Return the step's state after an event; raise IllegalFact if the table has none."""
    try:
        return STEPS[state][event]
    except KeyError:
        raise IllegalFact(f"a step that is {state} cannot meet {event}") from None


def next_effect(state: EffectState, event: str) -> EffectState:
    """Return the effect's state after an event; raise IllegalFact if the table has none."""
    try:
        return EFFECTS[state][event]
    except KeyError:
        raise IllegalFact(f"an effect that is {state} cannot meet {event}") from None
