"""Decides which steps wait for people alone: they are in nobody's hand until somebody has decided.

It takes a moment until they are suspended: whoever asks several things at once shall have asked them all, and
whoever is answered at once goes on at once. A task that is parked waits for people as a whole: whoever waits
in it gives the hand back too, unless something is in flight.
"""

from interlock.contracts import facts
from interlock.contracts.people import HUMAN
from interlock.supervisor.core.limits import SUSPEND_MS
from interlock.supervisor.core.state import Effect, State, Step, Task
from interlock.supervisor.core.turn import Turn

_PENDING = frozenset(("held", "granted", "escalated", "lost"))


def suspend_waiting(turn: Turn) -> None:
    """Suspend the steps that have waited for people alone for a moment."""
    for number in sorted(turn.state.active):
        task = turn.state.tasks[number]
        if not _may_wait(task):
            continue
        pending = _pending(task)
        for name in sorted(task.steps):
            step, mine = task.steps[name], pending.get(name, [])
            if (
                step.state == "assigned"
                and _waits(task, mine)
                and _settled(turn.state, task, mine, turn.now_ms)
            ):
                turn.say(number, _suspended(turn, task, step))


def awaken(turn: Turn, number: int) -> None:
    """Let those steps of a task begin again that do not wait for people alone any more."""
    task = turn.task(number)
    if task is None or not task.active or not task.suspended:
        return
    pending = _pending(task)
    for name in task.suspended:
        if task.steps[name].role != HUMAN and not _waits(task, pending.get(name, [])):
            turn.say(number, facts.StepAwakened(at_ms=turn.now_ms, step=name))


def _may_wait(task: Task) -> bool:
    """Tell whether a step may have to be suspended; it costs little where nobody is asked."""
    if task.parked_for:
        return True
    if not task.asked:
        return False
    steps = {task.effects[seq].step for seq in task.asked}
    return any(task.steps[name].state == "assigned" for name in steps)


def _pending(task: Task) -> dict[str, list[Effect]]:
    """Return what each step's own attempt has asked for that has not ended."""
    found: dict[str, list[Effect]] = {}
    for effect in task.effects.values():
        step = task.steps.get(effect.step)
        if effect.state in _PENDING and step is not None and effect.attempt == step.attempt:
            found.setdefault(effect.step, []).append(effect)
    return found


def _waits(task: Task, pending: list[Effect]) -> bool:
    parked = bool(task.parked_for)
    return bool(pending) and all(
        effect.state == "escalated" or (parked and effect.state != "granted") for effect in pending
    )


def _settled(state: State, task: Task, pending: list[Effect], now_ms: int) -> bool:
    """Tell whether what people are asked was not asked only just now."""
    asked = (state.escalations.get((task.id, effect.asked)) for effect in pending)
    return all(known is None or now_ms - known.said.at_ms >= SUSPEND_MS for known in asked)


def _suspended(turn: Turn, task: Task, step: Step) -> facts.StepSuspended:
    reason = "its task is parked: a person decides" if task.parked_for else "it waits for a person"
    return facts.StepSuspended(
        at_ms=turn.now_ms, step=step.id, attempt=step.attempt, principal=step.principal, reason=reason
    )
