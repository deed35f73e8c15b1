"""Decides which steps wait for people alone: they are in nobody's hand until somebody has decided.

A task that is parked waits for people as a whole: whoever waits in it gives the hand back too, unless
something is in flight.
"""

from interlock.contracts import facts
from interlock.contracts.people import HUMAN
from interlock.supervisor.core.state import Effect, Step, Task
from interlock.supervisor.core.turn import Turn

_PENDING = frozenset(("held", "granted", "escalated", "lost"))


def suspend_and_awaken(turn: Turn, number: int) -> None:
    """Suspend the steps of a task that wait for people alone, and let those begin again that do not."""
    task = turn.task(number)
    if task is None or not _concerned(task):
        return
    pending = _pending(task)
    for name in sorted(task.steps):
        step = task.steps[name]
        waits = _waits(task, pending.get(name, []))
        if step.state == "assigned" and waits:
            turn.say(number, _suspended(turn, task, step))
        elif step.state == "awaiting" and step.role != HUMAN and not waits:
            turn.say(number, facts.StepAwakened(at_ms=turn.now_ms, step=name))


def sweep_suspended(turn: Turn) -> None:
    """Look at every task: a crash may have come between what was decided and what follows."""
    for number in sorted(turn.state.active):
        suspend_and_awaken(turn, number)


def _concerned(task: Task) -> bool:
    """Tell whether there may be anything to do; it costs little where nobody is asked."""
    if not task.active:
        return False
    if task.suspended or task.parked_for:
        return True
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


def _suspended(turn: Turn, task: Task, step: Step) -> facts.StepSuspended:
    reason = "its task is parked: a person decides" if task.parked_for else "it waits for a person"
    return facts.StepSuspended(
        at_ms=turn.now_ms, step=step.id, attempt=step.attempt, principal=step.principal, reason=reason
    )
