"""Decides whether who speaks of what it does not have is late, or tries what is another's; refuses either.

It is late whose own it was once. What an agent was told may have come from a supervisor that was gone before
it stood in the log: for a while after a change of who leads, nobody is accused of speaking of a step.
"""

from interlock.contracts import facts
from interlock.contracts.inputs import Input
from interlock.contracts.message import line
from interlock.contracts.observed import ViolatedBy
from interlock.supervisor.core.limits import HONEST_MS, VIOLATION_MS
from interlock.supervisor.core.state import Step, Task
from interlock.supervisor.core.turn import Turn


def refuse_step(turn: Turn, said: Input, name: str, attempt: int) -> None:
    """Refuse what is said of an attempt at a step that the speaker does not have in hand."""
    task = turn.task(said.task)
    number = 0 if task is None else task.id
    reason = f"late: {said.principal} does not have attempt {attempt} of {name} in hand"
    if task is None:
        reason = f"there is no task {said.task}"
    if _may_be_honest(turn) or _had_step(task, name, attempt, said.principal):
        turn.refuse(number, said.seq, reason)
    else:
        accuse(turn, number, said, "forge", reason)


def refuse_end(turn: Turn, said: Input, seq: int, grant: int) -> None:
    """Refuse what is said of a grant that the speaker does not have in hand."""
    task = turn.task(said.task)
    number = 0 if task is None else task.id
    effect = task.effects.get(seq) if task is not None else None
    reason = f"late: {said.principal} does not have grant {grant} of {seq}"
    if effect is None or effect.state != "granted":
        reason = f"late: effect {seq} is not in flight"
    over = effect is None and task is not None and not task.active
    had_it = effect is not None and effect.holders[grant - 1 : grant] == (said.principal,)
    if over or (had_it and grant > 0):
        turn.refuse(number, said.seq, reason)
    else:
        accuse(turn, number, said, "forge", reason)


def accuse(turn: Turn, number: int, said: Input, action: ViolatedBy, reason: str) -> None:
    """Refuse an attempt at what is not the speaker's own, and say so; of many, how many there were."""
    refused = facts.Refused(input=said.seq, reason=line(reason), principal=said.principal, violated=action)
    turn.say(number, refused)
    known = turn.state.attempts(number, said.principal, action)
    if known is not None and turn.now_ms - known.said_ms < VIOLATION_MS:
        return
    turn.say(
        number,
        facts.AccessViolated(
            at_ms=turn.now_ms,
            principal=said.principal,
            action=action,
            target=line(f"{said.kind}.{said.verb}"),
            times=1 if known is None else known.unsaid,
            detail=line(reason),
            input=said.seq,
        ),
    )


def _may_be_honest(turn: Turn) -> bool:
    led_ms = turn.state.led_ms
    return bool(led_ms) and turn.now_ms - led_ms < HONEST_MS


def _had_step(task: Task | None, name: str, attempt: int, principal: str) -> bool:
    """Tell whether somebody has had this attempt; of a task that is over, nobody knows any more."""
    if task is None:
        return False
    if not task.active:
        return True
    step = task.steps.get(name)
    return step is not None and had_attempt(step, attempt, principal)


def had_attempt(step: Step, attempt: int, principal: str) -> bool:
    """Tell whether an attempt at a step was somebody's."""
    return attempt > 0 and step.holders[attempt - 1 : attempt] == (principal,)
