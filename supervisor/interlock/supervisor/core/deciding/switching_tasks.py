"""Decides about the switches over one task and over one step: pause, drain, kill and resume."""

from interlock.contracts import facts
from interlock.contracts.control import Control
from interlock.contracts.facts import SwitchState
from interlock.contracts.inputs import Input
from interlock.contracts.message import line
from interlock.contracts.scope import Scope
from interlock.supervisor.core.deciding.people.resolving import end_task
from interlock.supervisor.core.deciding.resuming import resume
from interlock.supervisor.core.deciding.retrying import retry_held
from interlock.supervisor.core.deciding.steps import give_up
from interlock.supervisor.core.deciding.switching import BY_ITSELF, PAUSE_OVER, ends_ms, switched
from interlock.supervisor.core.limits import MAX_SWITCHES
from interlock.supervisor.core.state import Step, Task
from interlock.supervisor.core.switches import switch_of
from interlock.supervisor.core.transitions import HOLDS, SWITCHES
from interlock.supervisor.core.turn import Turn

_OPEN = frozenset(("blocked", "ready", "assigned", "awaiting", "backing_off"))


def switch_task(turn: Turn, said: Input, body: Control) -> None:
    """Switch a task that has not ended."""
    task = turn.task(said.task)
    if task is None:
        turn.refuse(0, said.seq, f"there is no task {said.task}")
    elif not task.active:
        turn.refuse(task.id, said.seq, f"task {task.id} has ended: {task.phase}")
    elif said.verb == "kill":
        _kill_task(turn, said, body)
    elif said.verb == "pause" and "paused" in HOLDS[task.hold]:
        _pause(turn, task.id, said, body)
    elif said.verb == "drain" and "drained" in HOLDS[task.hold]:
        _drain(turn, task.id, said, body)
    elif said.verb == "resume" and "resumed" in HOLDS[task.hold]:
        resume(turn, task, said.principal, body.reason, record=said.seq)
    else:
        turn.refuse(task.id, said.seq, f"task {task.id} is {task.hold}: it cannot {said.verb}")


def _kill_task(turn: Turn, said: Input, body: Control) -> None:
    end_task(
        turn,
        said.task,
        facts.Halted(
            at_ms=turn.now_ms,
            by=said.principal,
            reason=body.reason,
            input=said.seq,
            commanded_us=said.time_us,
        ),
    )


def _pause(turn: Turn, number: int, said: Input, body: Control) -> None:
    turn.say(
        number,
        facts.Paused(
            at_ms=turn.now_ms,
            by=said.principal,
            reason=body.reason,
            input=said.seq,
            until_ms=ends_ms(turn, body),
        ),
    )


def _drain(turn: Turn, number: int, said: Input, body: Control) -> None:
    """Let the steps in hand go on, and what they wait for if the task was paused."""
    turn.say(
        number,
        facts.Drained(at_ms=turn.now_ms, by=said.principal, reason=body.reason, input=said.seq),
    )
    retry_held(turn, number)


def pause_over(turn: Turn, task: Task) -> None:
    """End a pause whose time has come; what the task was parked for before it, a person still decides."""
    if not task.parked_for:
        resume(turn, task, BY_ITSELF, PAUSE_OVER)
        return
    parked = facts.Parked(
        at_ms=turn.now_ms,
        kind=task.parked_for,
        reason=task.reason,
        lack=task.lack,
    )
    turn.say(task.id, parked)


def drained_dry(turn: Turn) -> None:
    """Pause the tasks that are drained and have no step in hand any more."""
    for number in turn.state.draining:
        task = turn.state.tasks[number]
        if not any(step.state == "assigned" for step in task.steps.values()):
            paused = facts.Paused(at_ms=turn.now_ms, by=task.drained_by, reason=task.reason, input=task.drain)
            turn.say(number, paused)


def switch_step(turn: Turn, said: Input, body: Control, scope: Scope) -> None:
    """Switch a step that has not ended."""
    task = turn.task(scope.task)
    if task is None:
        turn.refuse(0, said.seq, f"there is no task {scope.task}")
        return
    step = task.steps.get(scope.step)
    if step is None:
        ended = f"task {task.id} has ended: {task.phase}"
        reason = f"task {task.id} has no step {scope.step}" if task.active else ended
        turn.refuse(task.id, said.seq, reason)
        return
    now = switch_of(turn.state, scope)
    following = SWITCHES[now].get(said.verb)
    if step.state not in _OPEN and following != "running":
        turn.refuse(task.id, said.seq, f"{scope} has ended: it is {step.state}")
    elif following is None:
        turn.refuse(task.id, said.seq, f"{scope} is {now}: it cannot {said.verb}")
    elif len(turn.state.switches) >= MAX_SWITCHES and following in {"paused", "draining"}:
        turn.refuse(task.id, said.seq, f"{MAX_SWITCHES} switches are set: resume some")
    else:
        _step(turn, said, body, scope, step, following)


def _step(turn: Turn, said: Input, body: Control, scope: Scope, step: Step, following: SwitchState) -> None:
    turn.say(scope.task, switched(turn, said, body, scope, following))
    if following == "killed":
        why = f"{said.principal} has killed it" + (f": {body.reason}" if body.reason else "")
        give_up(turn, scope.task, step, line(why))
    else:
        retry_held(turn, scope.task)
