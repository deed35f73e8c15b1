"""The queue of steps that are ready: by role, then by tenant, in order of priority and age.

Which tenant comes next, scheduling decides; here is only who stands where.
"""

from bisect import bisect_left
from collections.abc import Iterator

from immutables import Map

from interlock.contracts.limits import MAX_PRIORITY
from interlock.supervisor.core.state import Ready, State, Step, Task, replace

_NOBODY: Map[str, tuple[Ready, ...]] = Map()


def queued(state: State, task: Task, step: Step) -> State:
    """Put a ready step into its queue."""
    entry = _entry(task, step)
    tenants = state.ready.get(step.role) or _NOBODY
    line = tenants.get(task.tenant, ())
    place = bisect_left(line, entry)
    if place < len(line) and line[place] == entry:
        return state
    line = (*line[:place], entry, *line[place:])
    return replace(state, ready=state.ready.set(step.role, tenants.set(task.tenant, line)))


def unqueued(state: State, task: Task, step: Step) -> State:
    """Take a step out of its queue, if it stands there."""
    tenants = state.ready.get(step.role)
    line = tenants.get(task.tenant) if tenants is not None else None
    if tenants is None or not line:
        return state
    entry = _entry(task, step)
    place = bisect_left(line, entry)
    if place == len(line) or line[place] != entry:
        return state
    line = line[:place] + line[place + 1 :]
    tenants = tenants.set(task.tenant, line) if line else tenants.delete(task.tenant)
    ready = state.ready.set(step.role, tenants) if tenants else state.ready.delete(step.role)
    return replace(state, ready=ready)


def length(state: State, role: str) -> int:
    """Return how many steps wait for a role."""
    return sum(len(line) for line in state.ready.get(role, _NOBODY).values())


def heads(state: State, role: str) -> Iterator[tuple[str, Ready]]:
    """Yield the first of each tenant's line for a role, tenants in the order of their names."""
    tenants = state.ready.get(role)
    if tenants is not None:
        for tenant in sorted(tenants):
            yield tenant, tenants[tenant][0]


def waiting(state: State, role: str) -> Iterator[Ready]:
    """Yield every step that waits for a role, tenants in the order of their names."""
    tenants = state.ready.get(role)
    if tenants is not None:
        for tenant in sorted(tenants):
            yield from tenants[tenant]


def _entry(task: Task, step: Step) -> Ready:
    place = task.order.index(step.id) if step.id in task.order else -1
    return Ready(MAX_PRIORITY - task.priority, task.id, place, step.id)
