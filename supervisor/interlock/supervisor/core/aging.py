"""Lets approvals and deadlines of people age, but not while their task is paused.

While a task merely waits for the person, they do.
"""

from interlock.supervisor.core.escalation import Escalation
from interlock.supervisor.core.state import Effect, State, replace
from interlock.supervisor.core.switches import is_paused

_HOLDING = frozenset(("escalated", "held", "lost"))


def let_age(state: State, number: int, at_ms: int) -> State:
    """Stop or start the clocks of what people are asked in a task, and of what they have agreed to."""
    task = state.tasks[number]
    stands = is_paused(state, task)
    if stands == bool(task.paused_ms):
        return state
    if stands:
        task = replace(task, paused_ms=max(1, at_ms))
        return replace(state, tasks=state.tasks.set(number, task))
    since_ms = task.paused_ms
    effects = task.effects
    for seq, effect in task.effects.items():
        if effect.approvals and effect.state in _HOLDING:
            effects = effects.set(seq, _younger(effect, since_ms, at_ms))
    task = replace(task, paused_ms=0, effects=effects)
    escalations = state.escalations
    for each in range(1, state.escalated.get(number, 0) + 1):
        known = escalations.get((number, each))
        if known is not None:
            escalations = escalations.set((number, each), _later(known, since_ms, at_ms))
    return replace(state, tasks=state.tasks.set(number, task), escalations=escalations)


def _younger(effect: Effect, since_ms: int, at_ms: int) -> Effect:
    approvals = tuple(
        replace(one, counted_ms=one.counted_ms + _stood_ms(one.counted_ms, since_ms, at_ms))
        for one in effect.approvals
    )
    until_ms = min(one.counted_ms + one.statement.valid_s * 1_000 for one in approvals)
    return replace(effect, approvals=approvals, approved_until_ms=until_ms)


def _later(known: Escalation, since_ms: int, at_ms: int) -> Escalation:
    approvals = tuple(
        replace(one, at_ms=one.at_ms + _stood_ms(one.at_ms, since_ms, at_ms)) for one in known.approvals
    )
    deadline_ms = known.deadline_ms
    if deadline_ms is not None:
        deadline_ms += _stood_ms(known.since_ms, since_ms, at_ms)
    return replace(known, approvals=approvals, deadline_ms=deadline_ms)


def _stood_ms(from_ms: int, since_ms: int, at_ms: int) -> int:
    """Return how long a clock stood that ran from then on."""
    return max(0, at_ms - max(from_ms, since_ms))
