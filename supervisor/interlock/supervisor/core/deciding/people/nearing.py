"""Decides when people are told that the deadline of a task is near: once, while they can still help."""

from interlock.contracts import facts
from interlock.supervisor.core.deciding.people.escalating import OPERATOR, escalate
from interlock.supervisor.core.limits import NEAR_DENOMINATOR, NEAR_MS
from interlock.supervisor.core.state import Task
from interlock.supervisor.core.turn import Turn


def tell_if_near(turn: Turn, task: Task) -> None:
    """Say that a task's time is almost over: a tenth of it is left, or a minute; of a short one, half."""
    if task.deadline_ms is None or task.told_late:
        return
    total_ms, left_ms = task.deadline_ms - task.accepted_ms, task.deadline_ms - turn.now_ms
    if left_ms > max(total_ms // NEAR_DENOMINATOR, min(NEAR_MS, total_ms // 2)):
        return
    left_s = max(0, left_ms) // 1_000
    summary = f"in {left_s} s the time of task {task.id} is over, and it fails: it is {task.phase}"
    asked = facts.Escalated(
        at_ms=0, number=0, kind="deadline", summary=summary, cost=task.account.spent, desk=OPERATOR
    )
    escalate(turn, task.id, asked)
