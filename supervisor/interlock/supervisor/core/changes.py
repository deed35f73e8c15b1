"""Small changes of the state that several facts share: putting things in place, moving steps.

The queue of ready steps is kept here and only here: a step stands in it exactly while it is ready and its
task is moving.
"""

from typing import TypeVar

from immutables import Map

from interlock.supervisor.core.clocks import stopped
from interlock.supervisor.core.ready import queued, unqueued
from interlock.supervisor.core.state import Effect, State, Step, Task, replace
from interlock.supervisor.core.transitions import next_step

T = TypeVar("T")


def put_task(state: State, task: Task) -> State:
    """Put a task in place."""
    return replace(state, tasks=state.tasks.set(task.id, task))


def put_step(state: State, task: Task, step: Step) -> State:
    """Put a step in place, in its task, and in or out of the queue."""
    before = task.steps.get(step.id)
    task = replace(task, steps=task.steps.set(step.id, step))
    waits = step.state == "awaiting"
    if waits != (before is not None and before.state == "awaiting"):
        others = _without(task.suspended, step.id)
        task = replace(task, suspended=tuple(sorted((*others, step.id))) if waits else others)
    state = put_task(state, task)
    if step.state == "ready" and task.hold == "free":
        return queued(state, task, step)
    if before is not None and before.state == "ready":
        return unqueued(state, task, step)
    return state


def put_effect(state: State, task: Task, effect: Effect) -> State:
    """Put an effect in place, and in or out of those that wait: for a worker, or for something else."""
    return put_task(*with_effect(state, task, effect))


def with_effect(state: State, task: Task, effect: Effect) -> tuple[State, Task]:
    """Return the task with an effect, not yet in its place, and the state with those that wait."""
    before = task.effects.get(effect.seq)
    effects = task.effects.set(effect.seq, effect)
    task = replace(task, effects=effects) if before is not None else _first_seen(task, effects, effect)
    asked = effect.state == "escalated"
    if asked != (before is not None and before.state == "escalated"):
        others = _without(task.asked, effect.seq)
        task = replace(task, asked=tuple(sorted((*others, effect.seq))) if asked else others)
    waited, waits = _waits_for(before), _waits_for(effect)
    if waited == waits:
        return state, task
    if "else" in {waited, waits}:
        waiting = (*task.waiting, effect.seq) if waits == "else" else _without(task.waiting, effect.seq)
        task = replace(task, waiting=tuple(sorted(waiting)))
        state = _task_waits(state, task)
    starved = state.starved
    if waits == "capacity":
        starved = tuple(sorted((*starved, (effect.seq, task.id))))
    elif waited == "capacity":
        starved = _without(starved, (effect.seq, task.id))
    return replace(state, starved=starved), task


def _task_waits(state: State, task: Task) -> State:
    if bool(task.waiting) == (task.id in state.waiting):
        return state
    others = _without(state.waiting, task.id)
    return replace(state, waiting=tuple(sorted((*others, task.id))) if task.waiting else others)


def _first_seen(task: Task, effects: Map[int, Effect], effect: Effect) -> Task:
    if effect.call is not None:
        return replace(task, effects=effects)
    digest = (effect.step, effect.demand.digest)
    return replace(
        task,
        effects=effects,
        keys=task.keys.set((effect.step, effect.key), effect.seq),
        repeats=task.repeats.set(digest, task.repeats.get(digest, 0) + 1),
    )


def _waits_for(effect: Effect | None) -> str:
    if effect is None or effect.state != "held":
        return ""
    return "capacity" if effect.waits_for == "capacity" else "else"


def _without(entries: tuple[T, ...], gone: T) -> tuple[T, ...]:
    return tuple(entry for entry in entries if entry != gone)


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


def drop_open_steps(state: State, task: int, at_ms: int) -> State:
    """Drop every step that has not ended; its agent's hand is freed."""
    for step in sorted(state.tasks[task].steps.values(), key=lambda s: s.id):
        if step.state in {"blocked", "ready", "assigned", "awaiting", "backing_off"}:
            state, dropped = free_hand(state, task, step, at_ms)
            dropped = replace(dropped, state=next_step(step.state, "dropped"))
            state = put_step(state, state.tasks[task], dropped)
    return state


def free_hand(state: State, task: int, step: Step, at_ms: int) -> tuple[State, Step]:
    """Take a step out of its agent's hand; return it with its clock stopped, not yet in its place."""
    if step.state != "assigned":
        return state, step
    agent = state.agents.get(step.principal)
    tenant = state.tasks[task].tenant
    running = state.running.set(tenant, state.running.get(tenant, 1) - 1)
    agents = state.agents
    if agent is not None and agent.in_hand.get((task, step.id)) == step.attempt:
        agents = agents.set(agent.principal, replace(agent, in_hand=agent.in_hand.delete((task, step.id))))
    state, step = stopped(replace(state, running=running, agents=agents), step, at_ms)
    return state, replace(step, principal="")


def requeue(state: State, task: int) -> State:
    """Put a task's ready steps in or out of the queue after its hold has changed."""
    owner = state.tasks[task]
    for step in sorted(owner.steps.values(), key=lambda s: s.id):
        if step.state == "ready":
            state = queued(state, owner, step) if owner.hold == "free" else unqueued(state, owner, step)
    return state


def forget_people(state: State, number: int) -> State:
    """Forget what people were asked in a task that is over; what they decided is told to who comes late."""
    escalations = state.escalations
    for each in range(1, state.escalated.get(number, 0) + 1):
        if (number, each) in escalations:
            escalations = escalations.delete((number, each))
    return state if escalations is state.escalations else replace(state, escalations=escalations)
