"""What a kill reaches: the effects that have not ended, and the processes with work in its scope.

It only looks at the state as it stands before anything has followed from the kill.
"""

from collections.abc import Iterator

from interlock.contracts.scope import Doing, Scope, covers
from interlock.supervisor.core.state import Agent, Effect, State, Task
from interlock.supervisor.core.transitions import ENDED_EFFECTS


def effects_in(state: State, scope: Scope) -> Iterator[tuple[Task, Effect]]:
    """Yield the effects in a scope that were asked for and have not ended, by task and age."""
    for number in _tasks_in(state, scope):
        task = state.tasks[number]
        for seq in sorted(task.effects):
            effect = task.effects[seq]
            if effect.state not in ENDED_EFFECTS and covers(scope, _doing(task, effect)):
                yield task, effect


def agents_in(state: State, scope: Scope) -> Iterator[Agent]:
    """Yield the agents that a switch over an agent, a role or the fleet is over."""
    for name in sorted(state.agents):
        agent = state.agents[name]
        if covers(scope, Doing(agent=name, role=agent.charter.role)):
            yield agent


def in_hand_in(state: State, scope: Scope) -> Iterator[tuple[Agent, int, str, int]]:
    """Yield (agent, task, step, attempt) of what agents have in hand in a task, a step or a tenant."""
    for number in _tasks_in(state, scope):
        task = state.tasks[number]
        for name in sorted(task.steps):
            step = task.steps[name]
            agent = state.agents.get(step.principal)
            covered = covers(scope, Doing(task=number, step=name, tenant=task.tenant))
            if agent is not None and covered and agent.in_hand.get((number, name)) == step.attempt:
                yield agent, number, name, step.attempt


def _tasks_in(state: State, scope: Scope) -> list[int]:
    if scope.task:
        return [scope.task] if scope.task in state.tasks else []
    return sorted({*state.active, *state.settling})


def _doing(task: Task, effect: Effect) -> Doing:
    step = task.steps.get(effect.step)
    name = effect.demand.name
    return Doing(
        task=task.id,
        step=effect.step,
        agent=step.principal if step is not None else "",
        role=effect.role,
        tenant=task.tenant,
        tool=name if effect.demand.kind == "tool" else "",
        model=name if effect.demand.kind == "model" else "",
    )
