"""How facts about the fleet change the state: who is there, what they may spend, what was tried."""

from interlock.contracts import facts
from interlock.supervisor.core.account import Account
from interlock.supervisor.core.evolving.kills import life_ended
from interlock.supervisor.core.limits import MAX_VIOLATORS
from interlock.supervisor.core.state import (
    NO_MAP,
    Access,
    Agent,
    Attempts,
    EffectWorker,
    Guard,
    State,
    replace,
)


def agent_joined(state: State, _number: int, fact: facts.AgentJoined) -> State:
    """Let an agent in, with empty hands; its charter speaks for its role from now on."""
    agent = Agent(
        principal=fact.principal,
        incarnation=fact.incarnation,
        capacity=fact.capacity,
        charter=fact.charter,
        input_schema=fact.input_schema,
        output_schema=fact.output_schema,
        pid=fact.pid,
    )
    if fact.principal in state.condemned:
        state = replace(state, condemned=state.condemned.delete(fact.principal))
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
        pid=fact.pid,
    )
    return replace(state, workers=state.workers.set(fact.principal, worker))


def guard_joined(state: State, _number: int, fact: facts.GuardJoined) -> State:
    """Let a guard in, with the processes in its hands."""
    guard = Guard(fact.principal, fact.incarnation, fact.host, frozenset(fact.children))
    return replace(state, guards=state.guards.set(fact.principal, guard))


def access_joined(state: State, _number: int, fact: facts.AccessJoined) -> State:
    """Let an access service in."""
    access = Access(fact.principal, fact.incarnation, fact.host)
    return replace(state, access=state.access.set(fact.principal, access))


def left(state: State, _number: int, fact: facts.Left) -> State:
    """Let a process go; its work is lost by facts of its own."""
    who, life = fact.principal, fact.incarnation
    agent = state.agents.get(who)
    if agent is not None and agent.incarnation == life:
        state = replace(state, agents=state.agents.delete(who))
        return life_ended(_crew(state, agent.charter.role), who, life)
    worker, guard, access = state.workers.get(who), state.guards.get(who), state.access.get(who)
    if worker is not None and worker.incarnation == life:
        return replace(state, workers=state.workers.delete(who))
    if guard is not None and guard.incarnation == life:
        return replace(state, guards=state.guards.delete(who))
    if access is not None and access.incarnation == life:
        return replace(state, access=state.access.delete(who))
    return state


def entitled(state: State, _number: int, fact: facts.Entitled) -> State:
    """Set what may be done in a principal's name."""
    return replace(state, entitlements=state.entitlements.set(fact.principal, fact))


def led(state: State, number: int, fact: facts.Led) -> State:
    """Remember when another supervisor took over: what the last one told need not stand in the log."""
    return state if number else replace(state, led_ms=fact.at_ms)


def refused(state: State, number: int, fact: facts.Refused) -> State:
    """Count an attempt at what is not the speaker's own that was not said by itself."""
    if fact.violated is None:
        return state
    known = state.attempts(number, fact.principal, fact.violated)
    if known is None:
        return state
    return _attempted(state, number, fact.principal, fact.violated, replace(known, unsaid=known.unsaid + 1))


def access_violated(state: State, number: int, fact: facts.AccessViolated) -> State:
    """Remember that an attempt was said; of too many who try, all begin anew."""
    if fact.observer:
        return state
    if len(state.violations.get(number, NO_MAP)) >= MAX_VIOLATORS:
        state = replace(state, violations=state.violations.delete(number))
    return _attempted(state, number, fact.principal, fact.action, Attempts(fact.at_ms))


def _attempted(state: State, number: int, principal: str, action: str, attempts: Attempts) -> State:
    mine = state.violations.get(number, NO_MAP).set((principal, action), attempts)
    return replace(state, violations=state.violations.set(number, mine))


def limits_set(state: State, _number: int, fact: facts.LimitsSet) -> State:
    """Set the limits of what many tasks share; a warning may be given anew."""
    account = state.shared.get(fact.scope, Account())
    account = replace(account, budget=fact.total, daily=fact.day, warned=())
    walled = {*state.walled, fact.scope}
    if fact.total.wall_ms is None and fact.day.wall_ms is None:
        walled.remove(fact.scope)
    return replace(state, shared=state.shared.set(fact.scope, account), walled=tuple(sorted(walled)))


def _crew(state: State, role: str) -> State:
    crew = tuple(sorted(name for name, agent in state.agents.items() if agent.charter.role == role))
    return replace(state, crews=state.crews.set(role, crew))
