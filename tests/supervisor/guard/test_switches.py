"""Whom a kill holds back: what is heard, what is logged and what is decided, in every order."""

from collections.abc import Callable
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.supervisor.guard.nursery import CHARTER, agent_scope, switched

from interlock.contracts import facts as f
from interlock.contracts.decision import Decision
from interlock.contracts.scope import FLEET, Scope
from interlock.supervisor.guard.plan import Child, Role
from interlock.supervisor.guard.switches import Switches

ROLE = Scope(kind="role", name="researcher")
ONE = agent_scope("researcher-1")
KILL, RESUME = 10, 11


def child(name: str, role: Role = "agent") -> Child:
    charter = name.rpartition("-")[0] if role == "agent" else ""
    return Child(name=name, role=role, command=("true",), environment={}, log="log", charter=charter)


def fresh() -> Switches:
    return Switches(
        (child("researcher-1"), child("researcher-2"), child("planner-1"), child("effects-1", "effects"))
    )


def decision(*facts: f.AnyFact, cause: int = 0) -> Decision:
    return Decision(task=0, cause=cause, at_ms=1, by="supervisor-1", facts=facts)


@pytest.mark.parametrize(
    ("scope", "names"),
    [
        (ONE, {"researcher-1"}),
        (ROLE, {"researcher-1", "researcher-2"}),
        (FLEET, {"researcher-1", "researcher-2", "planner-1"}),
        (agent_scope("effects-1"), set[str]()),
        (agent_scope("stranger"), set[str]()),
        (Scope(kind="role", name="effects"), set[str]()),
        (Scope(kind="task", task=1), set[str]()),
        (Scope(kind="step", task=1, step="s"), set[str]()),
        (Scope(kind="tenant", name="researcher-1"), set[str]()),
        (Scope(kind="tool", name="researcher-1"), set[str]()),
        (Scope(kind="model", name="*"), set[str]()),
    ],
)
def test_only_agents_are_held_and_only_by_scopes_of_processes(scope: Scope, names: set[str]) -> None:
    switches = fresh()
    switches.heard(scope)
    assert switches.concerned(scope) == switches.held == names


def test_what_was_heard_is_no_news_when_the_log_shows_it() -> None:
    switches = fresh()
    switches.heard(ONE)
    assert not switches.logged(ONE, KILL)
    # One that was not heard is.
    assert switches.logged(ONE, KILL + 1)


def test_what_is_decided_already_is_no_news() -> None:
    switches = fresh()
    switches.decided(decision(switched(ONE, "running"), cause=KILL))
    assert not switches.logged(ONE, KILL)
    assert not switches.held


def test_a_kill_that_stands_in_the_log_holds_until_it_is_decided_that_it_does_not() -> None:
    switches = fresh()
    switches.heard(ONE)
    heard = switches.unsettled(ONE)
    switches.logged(ONE, KILL)
    assert not switches.unsettled(ONE)
    switches.take_back(ONE, heard)
    assert switches.held
    switches.decided(decision(switched(ONE, "killed"), cause=KILL))
    assert switches.held
    switches.decided(decision(switched(ONE, "running"), cause=RESUME))
    assert not switches.held


def test_a_kill_that_the_supervisor_refuses_holds_no_longer() -> None:
    switches = fresh()
    switches.logged(ONE, KILL)
    switches.decided(decision(f.Refused(input=KILL, reason="not yours"), cause=KILL))
    assert not switches.held


def test_a_kill_that_was_only_heard_is_taken_back_but_not_one_that_came_after() -> None:
    switches = fresh()
    switches.heard(ONE)
    heard = switches.unsettled(ONE)
    switches.heard(ONE)
    switches.take_back(ONE, heard)
    assert switches.held
    switches.take_back(ONE, switches.unsettled(ONE))
    assert not switches.held


def test_scopes_do_not_release_each_other() -> None:
    switches = fresh()
    switches.decided(decision(switched(FLEET, "killed"), switched(ROLE, "killed")))
    switches.decided(decision(switched(FLEET, "running")))
    assert switches.held == {"researcher-1", "researcher-2"}


@pytest.mark.parametrize("state", ["paused", "draining"])
def test_other_switches_hold_nobody(state: f.SwitchState) -> None:
    switches = fresh()
    switches.decided(decision(switched(FLEET, state), switched(ONE, state)))
    assert not switches.held


def test_in_whatever_order_a_kill_and_its_release_arrive_the_decisions_have_the_last_word() -> None:
    # Given a kill and a resume, each heard, logged and decided; each channel keeps its order
    steps: dict[str, Callable[[Switches], object]] = {
        "hear": lambda switches: switches.heard(ONE),
        "log": lambda switches: switches.logged(ONE, KILL),
        "kill": lambda switches: switches.decided(decision(switched(ONE, "killed"), cause=KILL)),
        "release": lambda switches: switches.decided(decision(switched(ONE, "running"), cause=RESUME)),
    }
    orders = [order for order in permutations(steps) if order.index("kill") < order.index("release")]
    for order in orders:
        switches = fresh()
        for name in order:
            steps[name](switches)
        # Then who was killed runs in the end; what is heard last holds until the log has shown it
        held = order.index("hear") > order.index("log")
        assert bool(switches.held) is held, order


@given(st.lists(st.sampled_from(["hear", "log", "refuse"]), max_size=30))
def test_whoever_is_held_was_killed_and_not_released(words: list[str]) -> None:
    switches, heard, seq, decided = fresh(), 0, 0, 0
    for word in words:
        if word == "hear":
            switches.heard(ONE)
            heard += 1
        elif word == "log":
            seq += 1
            switches.logged(ONE, seq)
            heard = max(heard - 1, 0)
        else:
            decided = seq
            switches.decided(decision(cause=decided))
        assert bool(switches.held) == (heard > 0 or seq > decided)


def test_only_the_life_that_is_meant_is_condemned() -> None:
    switches = fresh()
    joined = f.AgentJoined(principal="planner-1", incarnation="two", capacity=1, charter=CHARTER)
    switches.decided(decision(joined))

    def condemned(principal: str, incarnation: str) -> frozenset[str]:
        fact = f.AgentCondemned(at_ms=1, principal=principal, incarnation=incarnation, reason="goes on")
        return switches.decided(decision(fact))

    assert condemned("planner-1", "two") == {"planner-1"}
    assert not condemned("planner-1", "one")
    # Of whom nothing was heard yet, whoever is meant is.
    assert condemned("researcher-1", "one") == {"researcher-1"}
    assert not condemned("stranger", "one")
