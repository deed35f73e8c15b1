"""How facts about a step change the state."""

from interlock.contracts import facts
from interlock.contracts.budget import NOTHING, Amounts
from interlock.supervisor.core.accounts import charge
from interlock.supervisor.core.changes import free_hand, move_step, put_step, put_task, unblock
from interlock.supervisor.core.clocks import let_flow, start_step
from interlock.supervisor.core.evolving.tasks import task_of
from interlock.supervisor.core.ready import unqueued
from interlock.supervisor.core.state import State, Step, Task, replace
from interlock.supervisor.core.transitions import next_phase, next_step
from interlock.supervisor.errors import IllegalFact

ONE_STEP = Amounts(steps=1)


def step_of(task: Task, name: str) -> Step:
    """Return a step that facts speak of; raise IllegalFact if there is none."""
    step = task.steps.get(name)
    if step is None:
        raise IllegalFact(f"task {task.id} has no step {name}")
    return step


def assigned(state: State, number: int, fact: facts.StepAssigned) -> State:
    """Put the step into the agent's hand and count it."""
    task = task_of(state, number)
    step = step_of(task, fact.step)
    agent = state.agents.get(fact.principal)
    first = step.attempt == 0
    moved = replace(
        step,
        state=next_step(step.state, "step_assigned"),
        attempt=fact.attempt,
        principal=fact.principal,
        deadline_ms=fact.deadline_ms,
        waiting="",
        awakened=False,
        holders=(*step.holders, fact.principal),
        account=replace(step.account, budget=agent.charter.budget) if agent and first else step.account,
    )
    state = unqueued(state, task, step)
    if moved.account.budget.wall_ms is not None and not task.walled:
        task = replace(task, walled=True)
    counts = NOTHING if fact.again else ONE_STEP
    state = charge(state, task, moved, step.role, lambda account: account.spend(counts, fact.at_ms))
    state = start_step(state, number, fact.step, fact.at_ms)
    running = state.running.set(task.tenant, state.running.get(task.tenant, 0) + 1)
    if agent is None:
        return replace(state, running=running)
    agent = replace(agent, in_hand=agent.in_hand.set((number, fact.step), fact.attempt))
    return replace(state, running=running, agents=state.agents.set(agent.principal, agent))


def waiting(state: State, number: int, fact: facts.StepWaiting) -> State:
    """Say what the step waits for."""
    task = task_of(state, number)
    step = step_of(task, fact.step)
    return put_step(
        state, task, replace(step, state=next_step(step.state, "step_waiting"), waiting=fact.reason)
    )


def completed(state: State, number: int, fact: facts.StepCompleted) -> State:
    """Keep where the result stands, and let the steps after it begin."""
    task = task_of(state, number)
    step = step_of(task, fact.step)
    following = next_step(step.state, "step_completed")
    state, step = free_hand(state, number, step, fact.at_ms)
    state = put_step(state, task, replace(step, state=following, result=fact.result, waiting=""))
    return let_flow(unblock(state, number), number, fact.at_ms)


def failed(state: State, number: int, fact: facts.StepFailed) -> State:
    """Count a failure; the step waits for its next attempt."""
    task = task_of(state, number)
    step = step_of(task, fact.step)
    following = next_step(step.state, "step_failed")
    state, step = free_hand(state, number, step, fact.at_ms)
    moved = replace(
        step,
        state=following,
        failures=step.failures + 1,
        retry_at_ms=fact.retry_at_ms or 0,
        waiting=fact.message,
    )
    return put_step(state, task, moved)


def lost(state: State, number: int, fact: facts.StepLost) -> State:
    """Take the step from an agent that is gone; it is ready again."""
    task = task_of(state, number)
    step = step_of(task, fact.step)
    following = next_step(step.state, "step_lost")
    state, step = free_hand(state, number, step, fact.at_ms)
    moved = replace(step, state=following, losses=step.losses + 1, waiting=fact.reason)
    return put_step(state, task, moved)


def suspended(state: State, number: int, fact: facts.StepSuspended) -> State:
    """Take the step out of its agent's hand while a person is asked; it is no loss."""
    task = task_of(state, number)
    step = step_of(task, fact.step)
    following = next_step(step.state, "step_suspended")
    state, step = free_hand(state, number, step, fact.at_ms)
    state = put_step(state, state.tasks[number], replace(step, state=following, waiting=fact.reason))
    return let_flow(state, number, fact.at_ms)


def awakened(state: State, number: int, fact: facts.StepAwakened) -> State:
    """Let the step be assigned again."""
    task = task_of(state, number)
    step = step_of(task, fact.step)
    moved = replace(step, state=next_step(step.state, "step_awakened"), awakened=True, waiting="")
    return let_flow(put_step(state, task, moved), number, fact.at_ms)


def retried(state: State, number: int, fact: facts.StepRetried) -> State:
    """End the wait after a failure."""
    step_of(task_of(state, number), fact.step)
    return move_step(state, number, fact.step, "step_retried")


def dead(state: State, number: int, fact: facts.StepDead) -> State:
    """Give the step up."""
    task = task_of(state, number)
    step = step_of(task, fact.step)
    following = next_step(step.state, "step_dead")
    state, step = free_hand(state, number, step, fact.at_ms)
    state = put_step(
        state, state.tasks[number], replace(step, state=following, principal="", waiting=fact.reason)
    )
    return let_flow(state, number, fact.at_ms)


def reopened(state: State, number: int, fact: facts.StepReopened) -> State:
    """Begin a completed step again, with the reviewer's notes."""
    task = task_of(state, number)
    step = step_of(task, fact.step)
    phase = task.phase if task.phase == "working" else next_phase(task.phase, "step_reopened")
    task = replace(task, phase=phase)
    moved = replace(
        step, state=next_step(step.state, "step_reopened"), notes=fact.notes, failures=0, losses=0
    )
    return unblock(put_step(put_task(state, task), task, moved), number)
