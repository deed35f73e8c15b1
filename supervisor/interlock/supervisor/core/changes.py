"""Small changes of the state that several facts share: putting things in place, moving steps, accounts.

The queue of ready steps is kept here and only here: a step stands in it exactly while it is ready and its
task is moving.
"""

from interlock.contracts.budget import Amounts
from interlock.supervisor.core.ready import queued, unqueued
from interlock.supervisor.core.state import Account, Effect, State, Step, Task, replace
from interlock.supervisor.core.transitions import next_step


def put_task(state: State, task: Task) -> State:
    """Put a task in place."""
    return replace(state, tasks=state.tasks.set(task.id, task))


def put_step(state: State, task: Task, step: Step) -> State:
    """Put a step in place, in its task, and in or out of the queue."""
    before = task.steps.get(step.id)
    task = replace(task, steps=task.steps.set(step.id, step))
    state = put_task(state, task)
    if step.state == "ready" and task.hold == "free":
        return queued(state, task, step)
    if before is not None and before.state == "ready":
        return unqueued(state, task, step)
    return state


def put_effect(state: State, task: Task, effect: Effect) -> State:
    """Put an effect in place, and in or out of those that wait for a worker."""
    keys = task.keys if effect.seq in task.effects else task.keys.set((effect.step, effect.key), effect.seq)
    before = task.effects.get(effect.seq)
    state = put_task(state, replace(task, effects=task.effects.set(effect.seq, effect), keys=keys))
    starves = effect.state == "held" and effect.waits_for == "capacity"
    starved = before is not None and before.state == "held" and before.waits_for == "capacity"
    if starves and not starved:
        return replace(state, starved=tuple(sorted((*state.starved, (effect.seq, task.id)))))
    if starved and not starves:
        return replace(state, starved=tuple(s for s in state.starved if s[0] != effect.seq))
    return state


def move_step(state: State, task: int, step: str, event: str) -> State:
    """Move a step along its table."""
    owner = state.tasks[task]
    found = owner.steps[step]
    return put_step(state, owner, replace(found, state=next_step(found.state, event)))


def unblock(state: State, task: int) -> State:
    """Make ready every blocked step whose predecessors are completed."""
    owner = state.tasks[task]
    for name in owner.order:
        step = owner.steps[name]
        if step.state == "blocked" and all(owner.steps[before].state == "completed" for before in step.after):
            state = move_step(state, task, name, "unblocked")
            owner = state.tasks[task]
    return state


def drop_open_steps(state: State, task: int) -> State:
    """Drop every step that has not ended; its agent's hand is freed."""
    for step in sorted(state.tasks[task].steps.values(), key=lambda s: s.id):
        if step.state in {"blocked", "ready", "assigned", "backing_off"}:
            state = free_hand(state, task, step)
            dropped = replace(step, state=next_step(step.state, "dropped"), principal="")
            state = put_step(state, state.tasks[task], dropped)
    return state


def free_hand(state: State, task: int, step: Step) -> State:
    """Take a step out of its agent's hand."""
    agent = state.agents.get(step.principal)
    if step.state != "assigned":
        return state
    tenant = state.tasks[task].tenant
    state = replace(state, running=state.running.set(tenant, state.running.get(tenant, 1) - 1))
    if agent is None or agent.in_hand.get((task, step.id)) != step.attempt:
        return state
    agent = replace(agent, in_hand=agent.in_hand.delete((task, step.id)))
    return replace(state, agents=state.agents.set(agent.principal, agent))


def requeue(state: State, task: int) -> State:
    """Put a task's ready steps in or out of the queue after its hold has changed."""
    owner = state.tasks[task]
    for step in sorted(owner.steps.values(), key=lambda s: s.id):
        if step.state == "ready":
            state = queued(state, owner, step) if owner.hold == "free" else unqueued(state, owner, step)
    return state


def reserve(account: Account, amounts: Amounts) -> Account:
    """Put `amounts` aside."""
    return replace(account, reserved=account.reserved.plus(amounts))


def settle(account: Account, reserved: Amounts, spent: Amounts) -> Account:
    """Give back a reservation and count what was spent."""
    return replace(account, reserved=account.reserved.minus(reserved), spent=account.spent.plus(spent))


def spend(account: Account, spent: Amounts) -> Account:
    """Count what was spent without a reservation."""
    return replace(account, spent=account.spent.plus(spent))
