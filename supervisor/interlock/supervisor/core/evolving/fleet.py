"""How facts about the fleet change the state: who is there, and the switch over everything."""

from interlock.contracts import facts
from interlock.supervisor.core.account import Account
from interlock.supervisor.core.clocks import start_task, stop_task
from interlock.supervisor.core.state import Agent, EffectWorker, State, replace


def agent_joined(state: State, _number: int, fact: facts.AgentJoined) -> State:
    """Let an agent in, with empty hands; its charter speaks for its role from now on."""
    agent = Agent(
        principal=fact.principal,
        incarnation=fact.incarnation,
        capacity=fact.capacity,
        charter=fact.charter,
        input_schema=fact.input_schema,
    )
    state = replace(
        state,
        agents=state.agents.set(fact.principal, agent),
        charters=state.charters.set(fact.charter.role, fact.charter),
    )
    return _crew(state, fact.charter.role)


def effects_joined(state: State, _number: int, fact: facts.EffectsJoined) -> State:
    """Let an effect worker in, with empty hands."""
    worker = EffectWorker(
        principal=fact.principal,
        incarnation=fact.incarnation,
        capacity=fact.capacity,
        models={offer.model: offer for offer in fact.models},
        tools={offer.tool: offer for offer in fact.tools},
    )
    return replace(state, workers=state.workers.set(fact.principal, worker))


def left(state: State, _number: int, fact: facts.Left) -> State:
    """Let a process go; its work is lost by facts of its own."""
    agent = state.agents.get(fact.principal)
    if agent is not None and agent.incarnation == fact.incarnation:
        state = replace(state, agents=state.agents.delete(fact.principal))
        return _crew(state, agent.charter.role)
    worker = state.workers.get(fact.principal)
    if worker is not None and worker.incarnation == fact.incarnation:
        return replace(state, workers=state.workers.delete(fact.principal))
    return state


def switched(state: State, _number: int, fact: facts.FleetSwitched) -> State:
    """Set the switch; clocks stand still while everything is paused."""
    was_paused, is_paused = state.switch == "paused", fact.state == "paused"
    state = replace(state, switch=fact.state)
    if was_paused == is_paused:
        return state
    for number in sorted(number for number in state.active if state.tasks[number].moving):
        state = _stopped(state, number, fact.at_ms) if is_paused else _started(state, number, fact.at_ms)
    return state


def limits_set(state: State, _number: int, fact: facts.LimitsSet) -> State:
    """Set the limits of what many tasks share; a warning may be given anew."""
    account = state.shared.get(fact.scope, Account())
    account = replace(account, budget=fact.total, daily=fact.day, warned=())
    walled = {*state.walled, fact.scope}
    if fact.total.wall_ms is None and fact.day.wall_ms is None:
        walled.remove(fact.scope)
    return replace(state, shared=state.shared.set(fact.scope, account), walled=tuple(sorted(walled)))


def _stopped(state: State, number: int, at_ms: int) -> State:
    state = stop_task(state, number, at_ms)
    task = replace(state.tasks[number], held_since_ms=at_ms)
    return replace(state, tasks=state.tasks.set(number, task))


def _started(state: State, number: int, at_ms: int) -> State:
    task = state.tasks[number]
    stood_ms = max(0, at_ms - task.held_since_ms)
    steps = task.steps
    for step in task.steps.values():
        if step.state == "assigned":
            steps = steps.set(step.id, replace(step, deadline_ms=step.deadline_ms + stood_ms))
    state = replace(state, tasks=state.tasks.set(number, replace(task, steps=steps)))
    return start_task(state, number, at_ms)


def _crew(state: State, role: str) -> State:
    crew = tuple(sorted(name for name, agent in state.agents.items() if agent.charter.role == role))
    return replace(state, crews=state.crews.set(role, crew))
