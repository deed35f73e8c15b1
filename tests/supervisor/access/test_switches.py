"""Which kills hold: heard at once, read from the log, decided; whatever comes first."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.contracts.charter import Charter
from interlock.contracts.facts import AgentJoined, FleetSwitched, Refused, Switched, SwitchState
from interlock.contracts.scope import FLEET, Scope, task_scope
from interlock.supervisor.access import switches as module
from interlock.supervisor.access.switches import Switches

AGENT = Scope(kind="agent", name="researcher-1")
ROLE = Scope(kind="role", name="researcher")
SCOPES = (AGENT, ROLE, FLEET)


def switched(scope: Scope, state: SwitchState, at: int) -> Switched | FleetSwitched:
    if scope.kind == "fleet":
        return FleetSwitched(at_ms=1, state=state, by="alice", input=at)
    return Switched(at_ms=1, scope=scope, state=state, by="alice", input=at)


def joined(principal: str, role: str) -> AgentJoined:
    charter = Charter(role=role, version="1", objective="Do it.")
    return AgentJoined(principal=principal, incarnation="a", capacity=1, charter=charter)


@pytest.mark.parametrize("scope", SCOPES)
def test_a_kill_that_is_heard_holds_until_it_is_decided_otherwise(scope: Scope) -> None:
    # Given a kill that was heard, and then read
    known = Switches()
    assert known.heard("kill", scope)
    assert known.kill_over("researcher-1")
    assert known.read(7, "kill", scope)
    # When it is decided, then it holds all the same
    known.decided(8, 7, [switched(scope, "killed", 7)])
    assert str(scope) in known.kill_over("researcher-1")
    # And somebody's wish to go on changes nothing until that is decided too
    known.heard("resume", scope)
    known.read(9, "resume", scope)
    assert known.kill_over("researcher-1")
    known.decided(10, 9, [switched(scope, "running", 9)])
    assert not known.kill_over("researcher-1")
    assert not known.any


@pytest.mark.parametrize("scope", SCOPES)
def test_a_kill_that_is_not_stored_ends_when_somebody_resumes(scope: Scope) -> None:
    # Given a kill that was only heard, because the log was full
    known = Switches()
    known.heard("kill", scope)
    # When somebody says resume, then it is over, though nobody decides
    known.heard("resume", scope)
    assert not known.any
    # And a resume that is only read does the same
    known.heard("kill", scope)
    known.read(5, "resume", scope)
    assert not known.any


def test_a_resume_of_before_does_not_end_a_kill_that_was_heard_after_it() -> None:
    # Given the decision about a resume, which is read after a newer kill was heard
    known = Switches()
    known.read(5, "resume", AGENT)
    known.heard("kill", AGENT)
    # When the older decision comes, then the kill holds on
    known.decided(6, 5, [switched(AGENT, "running", 5)])
    assert known.kill_over("researcher-1")


def test_a_stored_kill_is_not_ended_by_a_mere_wish() -> None:
    known = Switches()
    known.read(7, "kill", AGENT)
    known.heard("resume", AGENT)
    known.read(8, "resume", AGENT)
    assert known.kill_over("researcher-1")


def test_a_kill_that_changes_nothing_is_over_when_more_has_been_decided() -> None:
    # Given a kill of which no decision speaks, since it was killed already
    known = Switches()
    known.read(7, "kill", AGENT)
    # When what came behind it is decided
    known.decided(10, 9, [])
    # Then it was decided too
    assert not known.any


def test_a_control_that_is_read_after_its_decision_changes_nothing() -> None:
    known = Switches()
    known.decided(8, 7, [switched(AGENT, "killed", 7)])
    known.decided(10, 9, [switched(AGENT, "running", 9)])
    assert not known.read(7, "kill", AGENT)
    assert not known.any


def test_a_kill_that_is_refused_is_over() -> None:
    known = Switches()
    known.heard("kill", AGENT)
    known.read(7, "kill", AGENT)
    known.decided(8, 6, [Refused(input=6, reason="another one")])
    assert known.any
    known.decided(9, 7, [Refused(input=7, reason="not so")])
    assert not known.any


@pytest.mark.parametrize("state", ["running", "paused", "draining"])
def test_only_a_kill_keeps_an_agent_out(state: SwitchState) -> None:
    known = Switches()
    known.decided(2, 1, [switched(ROLE, "killed", 1)])
    assert known.kill_over("researcher-1")
    known.decided(4, 3, [switched(ROLE, state, 3)])
    assert not known.kill_over("researcher-1")


@pytest.mark.parametrize("verb", ["pause", "drain"])
def test_pause_and_drain_end_no_connection(verb: str) -> None:
    known = Switches()
    assert not known.heard(verb, FLEET)
    assert not known.read(3, verb, FLEET)
    assert not known.any


@pytest.mark.parametrize(
    "scope",
    [
        task_scope(42),
        Scope(kind="step", task=42, step="a"),
        Scope(kind="tool", name="search"),
        Scope(kind="model", name="openai/*"),
        Scope(kind="tenant", name="acme"),
    ],
)
def test_a_kill_of_work_ends_no_connection(scope: Scope) -> None:
    known = Switches()
    assert not known.heard("kill", scope)
    assert not known.read(3, "kill", scope)
    known.decided(4, 3, [switched(scope, "killed", 3)])
    assert not known.any


@pytest.mark.parametrize(
    ("scope", "kept_out", "let_in"),
    [
        (AGENT, ["researcher-1"], ["researcher-2", "researcher-11", "planner-1"]),
        (ROLE, ["researcher-1", "researcher-22", "researcher"], ["planner-1", "researchers-1"]),
        (FLEET, ["researcher-1", "planner-1", "x"], []),
    ],
)
def test_a_kill_is_over_whom_it_names(scope: Scope, kept_out: list[str], let_in: list[str]) -> None:
    known = Switches()
    known.heard("kill", scope)
    assert all(known.kill_over(agent) for agent in kept_out)
    assert not any(known.kill_over(agent) for agent in let_in)


def test_the_charter_says_which_role_an_agent_has() -> None:
    # Given an agent whose name says nothing of its role
    known = Switches()
    known.decided(1, 0, [joined("bob", "researcher"), joined("researcher-9", "planner")])
    known.heard("kill", ROLE)
    # Then its charter counts, and not the name
    assert known.kill_over("bob")
    assert not known.kill_over("researcher-9")


def test_kills_that_nobody_decides_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_UNDECIDED", 3)
    known = Switches()
    for number in range(5):
        known.heard("kill", Scope(kind="agent", name=f"a-{number}"))
    assert [bool(known.kill_over(f"a-{number}")) for number in range(5)] == [False, False, True, True, True]


@given(st.lists(st.tuples(st.booleans(), st.sampled_from(SCOPES)), max_size=12), st.data())
def test_what_is_decided_last_holds_however_late_it_is_read(
    said: list[tuple[bool, Scope]], data: st.DataObject
) -> None:
    """Controls are stored and decided in order; the two readings run beside each other, in any way."""
    # Given controls in the log, each heard at once, and a decision about each
    known = Switches()
    killed = dict.fromkeys(SCOPES, False)
    controls: list[tuple[int, str, Scope]] = []
    decisions: list[tuple[int, Switched | FleetSwitched]] = []
    for number, (kill, scope) in enumerate(said):
        seq = 2 * number + 1
        controls.append((seq, "kill" if kill else "resume", scope))
        decisions.append((seq + 1, switched(scope, "killed" if kill else "running", seq)))
        killed[scope] = kill
    for _, verb, scope in controls:
        known.heard(verb, scope)
    # When both are read, in any interleaving that keeps the order of each
    while controls or decisions:
        if controls and (not decisions or data.draw(st.booleans())):
            known.read(*controls.pop(0))
        else:
            seq, fact = decisions.pop(0)
            known.decided(seq, seq - 1, [fact])
    # Then what holds is what was decided last
    assert bool(known.kill_over("planner-1")) == killed[FLEET]
    assert bool(known.kill_over("researcher-2")) == (killed[FLEET] or killed[ROLE])
    assert bool(known.kill_over("researcher-1")) == any(killed.values())
    assert known.any == any(killed.values())
