"""Starts and stops the clocks of tasks and of the steps in hand, in every account in which they run."""

from interlock.supervisor.core.accounts import FLEET, change_shared, role_scope, tenant_scope
from interlock.supervisor.core.aging import let_age
from interlock.supervisor.core.state import State, Step, Task, replace
from interlock.supervisor.core.switches import flows


def let_flow(state: State, number: int, at_ms: int) -> State:
    """Start or stop a task's clock, as its hold, its tenant's switch and the fleet's say.

    The deadlines of steps in hand move by the time for which it stood still.
    """
    state = let_age(state, number, at_ms)
    task = state.tasks[number]
    runs = flows(state, task)
    if runs == bool(task.account.clocks):
        return state
    if not runs:
        state = stop_task(state, number, at_ms)
        return _set(state, replace(state.tasks[number], held_since_ms=at_ms))
    stood_ms = max(0, at_ms - task.held_since_ms)
    steps = task.steps
    for name in _in_hand(task):
        step = steps[name]
        steps = steps.set(name, replace(step, deadline_ms=step.deadline_ms + stood_ms))
    return start_task(_set(state, replace(task, steps=steps)), number, at_ms)


def start_task(state: State, number: int, at_ms: int) -> State:
    """Let a task's clock run, and those of its steps in hand; one that runs already runs on."""
    task = state.tasks[number]
    if task.account.clocks:
        return state
    task = replace(task, account=task.account.start_clock(at_ms))
    state = replace(state, tasks=state.tasks.set(number, task))
    state = change_shared(state, _shared(task), lambda account: account.start_clock(at_ms))
    for name in _in_hand(task):
        state = start_step(state, number, name, at_ms)
    return state


def stop_task(state: State, number: int, at_ms: int) -> State:
    """Stop a task's clock, and those of its steps in hand; one that stands already stays."""
    task = state.tasks[number]
    if not task.account.clocks:
        return state
    for name in _in_hand(task):
        state = stop_step(state, number, name, at_ms)
    task = state.tasks[number]
    since_ms = task.account.started_ms
    task = replace(task, account=task.account.stop_clock(since_ms, at_ms))
    state = replace(state, tasks=state.tasks.set(number, task))
    return change_shared(state, _shared(task), lambda account: account.stop_clock(since_ms, at_ms))


def start_step(state: State, number: int, name: str, at_ms: int) -> State:
    """Let a step's clock run if its task's does, and it is known since when."""
    task = state.tasks[number]
    step = task.steps[name]
    if step.account.clocks or not task.account.clocks or not at_ms:
        return state
    step = replace(step, account=step.account.start_clock(at_ms))
    state = change_shared(state, (role_scope(step.role),), lambda account: account.start_clock(at_ms))
    return _put(state, task, step)


def stop_step(state: State, number: int, name: str, at_ms: int) -> State:
    """Stop a step's clock if it runs."""
    task = state.tasks[number]
    state, step = stopped(state, task.steps[name], at_ms)
    return _put(state, task, step)


def stopped(state: State, step: Step, at_ms: int) -> tuple[State, Step]:
    """Return a step whose clock stands, not yet in its place, and the state with its role's account."""
    if not step.account.clocks:
        return state, step
    since_ms = step.account.started_ms
    state = change_shared(state, (role_scope(step.role),), lambda a: a.stop_clock(since_ms, at_ms))
    return state, replace(step, account=step.account.stop_clock(since_ms, at_ms))


def _shared(task: Task) -> tuple[str, str]:
    return FLEET, tenant_scope(task.tenant)


def _in_hand(task: Task) -> list[str]:
    return sorted(step.id for step in task.steps.values() if step.state == "assigned")


def _set(state: State, task: Task) -> State:
    return replace(state, tasks=state.tasks.set(task.id, task))


def _put(state: State, task: Task, step: Step) -> State:
    return replace(state, tasks=state.tasks.set(task.id, replace(task, steps=task.steps.set(step.id, step))))
