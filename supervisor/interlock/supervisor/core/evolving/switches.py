"""How facts about switches change the state, and with them which clocks run."""

from collections.abc import Iterable

from interlock.contracts import facts
from interlock.contracts.scope import FLEET, Scope
from interlock.supervisor.core.clocks import let_flow
from interlock.supervisor.core.evolving import kills
from interlock.supervisor.core.state import Release, State, Switch, replace


def fleet_switched(state: State, _number: int, fact: facts.FleetSwitched) -> State:
    """Set the switch over everything; clocks stand still while everything is paused."""
    if fact.state == "killed":
        state = kills.opened(state, FLEET, fact)
    state = _set(state, FLEET, fact)
    state = replace(state, switch=fact.state, release=replace(state.release, asked=()))
    return _let_flow(state, state.active, fact.at_ms)


def switched(state: State, _number: int, fact: facts.Switched) -> State:
    """Set a switch; clocks stand still while their tenant is paused. A step that is killed dies instead."""
    if fact.state == "killed":
        state = kills.opened(state, fact.scope, fact)
        if fact.scope.kind == "step":
            state = kills.expect_stops(state, fact.scope, fact.input)
            return _set(state, fact.scope, replace(fact, state="running"))
    state = _set(state, fact.scope, fact)
    if fact.scope.kind != "tenant":
        return state
    mine = [n for n in state.active if state.tasks[n].tenant == fact.scope.name]
    return _let_flow(state, mine, fact.at_ms)


def release_asked(state: State, _number: int, fact: facts.ReleaseAsked) -> State:
    """Remember who wants the killed fleet to go on."""
    return replace(state, release=replace(state.release, asked=fact.by))


def release_rule_set(state: State, _number: int, fact: facts.ReleaseRuleSet) -> State:
    """Set how many people must want it."""
    return replace(state, release=Release(people=fact.people, asked=state.release.asked))


def forget_steps(state: State, number: int) -> State:
    """Forget the switches over the steps of a task that is over."""
    if not state.switches:
        return state
    switches = state.switches
    for scope in state.switches:
        if scope.kind == "step" and scope.task == number:
            switches = switches.delete(scope)
    return replace(state, switches=switches)


def _set(state: State, scope: Scope, fact: facts.Switched | facts.FleetSwitched) -> State:
    if fact.state == "running":
        if scope not in state.switches:
            return state
        switches = state.switches.delete(scope)
    else:
        switch = Switch(fact.state, fact.by, fact.reason, fact.input, fact.commanded_us, fact.until_ms)
        switches = state.switches.set(scope, switch)
    state = replace(state, switches=switches)
    if scope.kind == "model":
        patterns = (each for each in switches if each.kind == "model")
        state = replace(state, patterns=tuple(sorted(patterns, key=lambda each: each.name)))
    return state


def _let_flow(state: State, numbers: Iterable[int], at_ms: int) -> State:
    for number in sorted(numbers):
        state = let_flow(state, number, at_ms)
    return state
