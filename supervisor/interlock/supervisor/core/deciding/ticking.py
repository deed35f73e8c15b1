"""Decides what the passing of time brings: deadlines, ends of waits, used-up wall time."""

from interlock.contracts import facts
from interlock.contracts.budget import Amounts
from interlock.supervisor.core.account import DAY_MS
from interlock.supervisor.core.deciding.budgets import stop_used_up, warn
from interlock.supervisor.core.deciding.killing import carry_out
from interlock.supervisor.core.deciding.people.climbing import climb
from interlock.supervisor.core.deciding.people.nearing import tell_if_near
from interlock.supervisor.core.deciding.people.reasking import reask_stale
from interlock.supervisor.core.deciding.people.resolving import end_task
from interlock.supervisor.core.deciding.people.suspending import awaken, suspend_waiting
from interlock.supervisor.core.deciding.resuming import resume
from interlock.supervisor.core.deciding.retrying import retry_held
from interlock.supervisor.core.deciding.settling import effect_lost
from interlock.supervisor.core.deciding.steps import step_lost
from interlock.supervisor.core.deciding.switching import pauses_over
from interlock.supervisor.core.deciding.switching_tasks import pause_over
from interlock.supervisor.core.state import State, Step, Task
from interlock.supervisor.core.turn import Turn

_WALL = Amounts(wall_ms=1)


def ticked(turn: Turn) -> None:
    """Look at every active task, in the order of their numbers."""
    stop_used_up(turn, turn.running())
    if turn.state.switches:
        pauses_over(turn)
        carry_out(turn)
    for number in sorted(turn.state.active):
        task = turn.state.tasks[number]
        if task.deadline_ms is not None and turn.now_ms >= task.deadline_ms:
            reason = "its deadline has passed"
            end_task(turn, number, facts.Failed(at_ms=turn.now_ms, kind="deadline", reason=reason))
            continue
        tell_if_near(turn, task)
        if task.lack is not None and 0 < task.lack.day < turn.now_ms // DAY_MS:
            resume(turn, task, "supervisor", "a new day has begun")
        elif task.until_ms is not None and turn.now_ms >= task.until_ms:
            pause_over(turn, task)
        elif task.account.clocks:
            _moving(turn, task)
    if turn.state.escalations:
        reask_stale(turn)
        climb(turn)
    _find_orphans(turn)
    suspend_waiting(turn)
    for number in sorted(turn.state.active):
        if turn.state.tasks[number].suspended:
            awaken(turn, number)


def _find_orphans(turn: Turn) -> None:
    """Take back what stands with a process that does not have it: a crash may come between two records.

    Of a task that stands still or is over too: its money counts, whoever spends it.
    """
    for number in sorted({*turn.state.active, *turn.state.settling}):
        _find_steps_of_nobody(turn, turn.state.tasks[number])
        _find_effects_of_nobody(turn, turn.state.tasks[number])


def _find_steps_of_nobody(turn: Turn, task: Task) -> None:
    for name in sorted(name for name, step in task.steps.items() if _is_of_nobody(turn.state, task, step)):
        now = turn.state.tasks[task.id]
        step = now.steps.get(name, task.steps[name])
        if now.active and _is_of_nobody(turn.state, now, step):
            step_lost(turn, task.id, step, f"{step.principal} is not here any more")


def _is_of_nobody(state: State, task: Task, step: Step) -> bool:
    if step.state != "assigned":
        return False
    agent = state.agents.get(step.principal)
    return agent is None or agent.in_hand.get((task.id, step.id)) != step.attempt


def _find_effects_of_nobody(turn: Turn, task: Task) -> None:
    granted = sorted(seq for seq, effect in task.effects.items() if effect.state == "granted")
    for seq in granted:
        effect = turn.state.tasks[task.id].effects.get(seq)
        if effect is None or effect.state != "granted":
            continue
        worker = turn.state.workers.get(effect.worker)
        if (worker is None or seq not in worker.in_hand) and not turn.is_full(task.id):
            effect_lost(turn, task.id, effect)


def _moving(turn: Turn, task: Task) -> None:
    warn(turn, task.id, _WALL)
    retry_held(turn, task.id)
    for name in sorted(name for name, step in task.steps.items() if _is_due(step, turn.now_ms)):
        step = task.steps[name]
        if turn.state.tasks[task.id].steps.get(name) != step:
            continue
        if step.state == "backing_off":
            turn.say(task.id, facts.StepRetried(step=name))
        else:
            step_lost(turn, task.id, step, f"{step.principal} did not finish in time")


def _is_due(step: Step, now_ms: int) -> bool:
    if step.state == "backing_off":
        return now_ms >= step.retry_at_ms
    return step.state == "assigned" and now_ms >= step.deadline_ms
