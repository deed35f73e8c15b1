"""What the switches say about what is about to begin, and whether a task's clock may run.

It only looks, and costs nothing as long as no switch is set. Who may set one, it does not know.
"""

from collections.abc import Iterator
from fnmatch import fnmatchcase

from interlock.contracts.facts import Demand, SwitchState
from interlock.contracts.scope import Scope
from interlock.supervisor.core.state import Effect, State, Step, Switch, Task

_STANDING = ("paused", "killed")
_GOING_ON = ("ready", "assigned", "backing_off")


def switch_of(state: State, scope: Scope) -> SwitchState:
    """Return how a switch stands."""
    found = state.switches.get(scope)
    return "running" if found is None else found.state


def tenant_switch(state: State, tenant: str) -> SwitchState:
    """Return how the switch over a tenant stands."""
    return switch_of(state, Scope(kind="tenant", name=tenant)) if state.switches else "running"


def flows(state: State, task: Task) -> bool:
    """Tell whether a task's clock may run."""
    return task.going and not is_paused(state, task) and not awaits_people(task)


def is_paused(state: State, task: Task) -> bool:
    """Tell whether somebody has paused a task, its tenant or the fleet."""
    return "paused" in {task.hold, state.switch, tenant_switch(state, task.tenant)}


def awaits_people(task: Task) -> bool:
    """Tell whether all that could go on in a task waits for people."""
    states = {step.state for step in task.steps.values()}
    return "awaiting" in states and states.isdisjoint(_GOING_ON)


def stops_role(state: State, role: str) -> bool:
    """Tell whether no step of a role may be assigned."""
    return bool(state.switches) and Scope(kind="role", name=role) in state.switches


def stops_agent(state: State, principal: str) -> bool:
    """Tell whether no step may be assigned to an agent."""
    return bool(state.switches) and Scope(kind="agent", name=principal) in state.switches


def stops_tenant(state: State, tenant: str) -> bool:
    """Tell whether no step of a tenant may be assigned."""
    return tenant_switch(state, tenant) in _STANDING


def stops_step(state: State, task: int, step: str) -> bool:
    """Tell whether this step may not be assigned."""
    return bool(state.switches) and Scope(kind="step", task=task, step=step) in state.switches


def holds(state: State, task: Task, effect: Effect, step: Step | None) -> str:
    """Return what an effect must wait for, as a sentence; empty: nothing."""
    if not task.going:
        return "the task stands still"
    if state.switch in _STANDING:
        return "the fleet stands still"
    if not state.switches:
        return ""
    for scope in _around(task, effect, step):
        switch = state.switches.get(scope)
        if switch is not None and switch.state in _STANDING:
            return f"{scope} is {switch.state}"
    for scope, switch in _over(state, effect.demand, effect.demand.name):
        if switch.state == "paused":
            return f"{scope} is paused"
    return ""


def forbids(state: State, demand: Demand, name: str, *, new: bool) -> str:
    """Return why a tool or model of that name is out of reach, as a sentence; empty: it is not.

    One that is drained still does what was asked for before.
    """
    for scope, switch in _over(state, demand, name):
        if switch.state == "killed" or (switch.state == "draining" and new):
            said = f", by {switch.by}" + (f": {switch.reason}" if switch.reason else "")
            return f"{scope} is {switch.state}{said}"
    return ""


def _around(task: Task, effect: Effect, step: Step | None) -> Iterator[Scope]:
    yield Scope(kind="tenant", name=task.tenant)
    yield Scope(kind="role", name=effect.role)
    yield Scope(kind="step", task=task.id, step=effect.step)
    if step is not None and step.principal:
        yield Scope(kind="agent", name=step.principal)


def _over(state: State, demand: Demand, name: str) -> Iterator[tuple[Scope, Switch]]:
    """Yield the switches over the tool or model of an effect."""
    if not state.switches or not name:
        return
    if demand.kind == "tool":
        scope = Scope(kind="tool", name=name)
        switch = state.switches.get(scope)
        if switch is not None:
            yield scope, switch
    elif demand.kind == "model":
        for scope in state.patterns:
            if fnmatchcase(name, scope.name):
                yield scope, state.switches[scope]
