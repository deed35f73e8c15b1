"""The tables are the machines: what stands in them happens, nothing else does, and all can happen."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, get_args

import pytest
from tests.contracts.examples import FACTS
from tests.supervisor.core.world import World

from interlock.contracts import facts
from interlock.supervisor.core import transitions
from interlock.supervisor.core.evolve import evolve
from interlock.supervisor.core.state import State
from interlock.supervisor.core.transitions import EFFECTS, ESCALATIONS, HOLDS, PHASES, STEPS, SWITCHES
from interlock.supervisor.errors import IllegalFact


class Machine(NamedTuple):
    table: Mapping[Any, Mapping[str, Any]]
    states: tuple[str, ...]
    start: str
    terminal: set[str]
    step: Callable[[Any, str], str] | None


MACHINES = {
    "task": Machine(
        PHASES,
        get_args(transitions.Phase),
        "none",
        {"completed", "failed", "halted", "rejected"},
        transitions.next_phase,
    ),
    "hold": Machine(HOLDS, get_args(transitions.Hold), "free", set(), transitions.next_hold),
    "step": Machine(
        STEPS, get_args(transitions.StepState), "blocked", {"dead", "dropped"}, transitions.next_step
    ),
    "effect": Machine(
        EFFECTS,
        get_args(transitions.EffectState),
        "none",
        {"completed", "failed", "aborted", "denied", "in_doubt", "answered", "recommended"},
        transitions.next_effect,
    ),
    "escalation": Machine(ESCALATIONS, get_args(transitions.EscalationState), "none", {"closed"}, None),
    "switch": Machine(SWITCHES, get_args(facts.SwitchState), "running", set(), None),
}
machines = pytest.mark.parametrize("name", MACHINES)


def events(machine: Machine) -> list[str]:
    return sorted({event for row in machine.table.values() for event in row} | {"nothing_we_know", ""})


def pairs() -> Iterator[tuple[str, str, str]]:
    for name, machine in MACHINES.items():
        if machine.step is not None:
            yield from ((name, state, event) for state in machine.states for event in events(machine))


@pytest.mark.parametrize(("name", "state", "event"), list(pairs()))
def test_every_pair_stands_in_the_table_or_is_refused(name: str, state: str, event: str) -> None:
    machine = MACHINES[name]
    assert machine.step is not None
    if event in machine.table[state]:
        assert machine.step(state, event) == machine.table[state][event]
    else:
        with pytest.raises(IllegalFact, match=f"that is {state} cannot"):
            machine.step(state, event)


@machines
def test_a_table_has_a_row_for_every_state_and_leads_only_to_states(name: str) -> None:
    machine = MACHINES[name]
    assert set(machine.table) == set(machine.states)
    assert {after for row in machine.table.values() for after in row.values()} <= set(machine.states)


@machines
def test_every_state_can_be_reached(name: str) -> None:
    machine = MACHINES[name]
    reached, new = {machine.start}, {machine.start}
    while new:
        new = {after for state in new for after in machine.table[state].values()} - reached
        reached |= new
    assert reached == set(machine.states)


@machines
def test_the_ends_are_ends_and_only_they(name: str) -> None:
    machine = MACHINES[name]
    assert {state for state, row in machine.table.items() if not row} == machine.terminal


def test_ended_effects_are_those_without_a_next_state() -> None:
    assert MACHINES["effect"].terminal == transitions.ENDED_EFFECTS


# The tables rule over the state as a whole.

EVERYWHERE = (facts.Accepted, facts.Rejected, facts.Refused)
OF_THE_FLEET = (
    facts.AgentJoined,
    facts.EffectsJoined,
    facts.Left,
    facts.FleetSwitched,
    facts.Switched,
    facts.ReleaseAsked,
    facts.ReleaseRuleSet,
    facts.AgentCondemned,
    facts.GuardJoined,
    facts.AccessJoined,
    facts.ExitObserved,
    facts.ConnectionObserved,
    facts.AccessViolated,
    facts.Entitled,
    facts.Receipted,
    facts.LimitsSet,
    facts.LeaderTook,
    facts.LeaderLeft,
    facts.Led,
    facts.Delegated,
    facts.PoliciesSet,
    facts.PoliciesRefused,
    facts.AutonomySet,
    facts.CharterExceeded,
)
ABOUT_NUMBERS = (facts.EscalationMoved, facts.ApprovalCounted, facts.ArgumentsEdited, facts.Resolved)


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: type(fact).__name__)
def test_a_fact_about_a_task_that_is_not_there_is_refused_and_changes_nothing(fact: facts.AnyFact) -> None:
    state = State()
    if isinstance(fact, EVERYWHERE + OF_THE_FLEET):
        evolve(state, 0 if isinstance(fact, OF_THE_FLEET) else 42, fact)
    else:
        missing = "open escalation" if isinstance(fact, ABOUT_NUMBERS) else "task"
        with pytest.raises(IllegalFact, match=f"there is no {missing} 42"):
            evolve(state, 42, fact)
    assert state == State()


@pytest.mark.parametrize(
    "fact",
    [
        facts.Planned(steps=()),
        facts.PlanRequested(at_ms=1, step="plan-9"),
        facts.ReviewRequested(step="review", round=1),
        facts.Reviewed(step="review", decision="approve"),
        facts.StepAssigned(at_ms=1, step="a", attempt=2, principal="researcher-1", deadline_ms=1),
        facts.StepCompleted(at_ms=1, step="a", attempt=1, result=1),
        facts.StepReopened(step="a", notes=()),
        facts.EffectSettled(at_ms=1, effect=1, grant=1, end="completed", basis="actual"),
        facts.Completed(at_ms=1, results={}),
        facts.Failed(at_ms=1, reason="no"),
        facts.Halted(at_ms=1, by="olga"),
    ],
    ids=lambda fact: type(fact).__name__,
)
def test_nothing_more_happens_to_a_task_that_has_ended(fact: facts.AnyFact) -> None:
    # Given a task that was killed
    world = World()
    world.everybody()
    number = world.submit()
    world.control("kill", number)
    before = world.state
    # When a fact says that it goes on, then that is illegal, and the state is what it was
    with pytest.raises(IllegalFact):
        evolve(before, number, fact)
    assert before.tasks[number].phase == "halted"
    assert world.state is before


def test_a_task_is_accepted_once() -> None:
    world = World()
    number = world.submit()
    accepted = world.only(number, facts.Accepted)
    with pytest.raises(IllegalFact, match="accepted already"):
        evolve(world.state, number, accepted)
