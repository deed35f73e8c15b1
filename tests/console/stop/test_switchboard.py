"""What stands switched is what the log says last, and nothing of tasks that have ended."""

import pytest
from tests.console.conftest import Environment, accepted, decision

from interlock.console.stop.switchboard import RUNNING, Switch, Switchboard, read_switches
from interlock.contracts import facts as f
from interlock.contracts.scope import FLEET, Scope, task_scope

AGENT = Scope(kind="agent", name="clerk-1")
STEP = Scope(kind="step", task=42, step="facts-1")


def board(*facts: f.AnyFact, task: int = 42) -> Switchboard:
    made = Switchboard()
    for seq, fact in enumerate(facts, 50):
        made.take(decision(fact, task=task), seq)
    return made


def switched(scope: Scope, state: f.SwitchState = "killed") -> f.Switched:
    return f.Switched(at_ms=7, scope=scope, state=state, by="bob", reason="odd", until_ms=9)


PAUSED = f.Paused(at_ms=7, by="bob", reason="lunch", until_ms=9)
DRAINED = f.Drained(at_ms=8, by="ada", reason="later")


def test_at_first_everything_runs_and_one_person_may_release() -> None:
    empty = Switchboard()
    assert (empty.fleet, empty.rule.people, empty.asked, empty.switches) == (RUNNING, 1, None, {})


@pytest.mark.parametrize(
    ("fact", "switch"),
    [
        (
            switched(AGENT),
            Switch(scope=AGENT, state="killed", by="bob", reason="odd", since_ms=7, until_ms=9, record=50),
        ),
        (
            PAUSED,
            Switch(
                scope=task_scope(42),
                state="paused",
                by="bob",
                reason="lunch",
                since_ms=7,
                until_ms=9,
                record=50,
            ),
        ),
        (
            DRAINED,
            Switch(scope=task_scope(42), state="draining", by="ada", reason="later", since_ms=8, record=50),
        ),
    ],
)
def test_a_switch_stands_with_who_set_it_and_why(fact: f.AnyFact, switch: Switch) -> None:
    assert board(fact).switches == {switch.scope: switch}


@pytest.mark.parametrize(
    "facts",
    [
        (switched(AGENT), switched(AGENT, "running")),
        (PAUSED, f.Resumed(at_ms=9, by="bob")),
        (DRAINED, PAUSED, f.Resumed(at_ms=9, by="bob")),
        (PAUSED, f.Completed(at_ms=9, results={})),
        (DRAINED, f.Failed(at_ms=9, reason="no")),
        (switched(STEP), f.Halted(at_ms=9, by="bob")),
        (switched(STEP), PAUSED, f.Rejected(reason="no")),
    ],
)
def test_what_runs_again_or_has_ended_does_not_stand_there(facts: tuple[f.AnyFact, ...]) -> None:
    assert board(*facts).switches == {}


def test_the_end_of_a_task_leaves_the_switches_of_others() -> None:
    made = board(switched(AGENT), switched(STEP), PAUSED)
    made.take(decision(f.Halted(at_ms=9, by="bob"), task=7), 60)
    assert set(made.switches) == {AGENT, STEP, task_scope(42)}
    made.take(decision(f.Halted(at_ms=9, by="bob"), task=42), 61)
    assert set(made.switches) == {AGENT}


def test_a_drained_task_whose_last_step_is_done_is_paused() -> None:
    assert board(DRAINED, PAUSED).switches[task_scope(42)].state == "paused"


def test_who_asked_for_a_release_is_known_until_it_is_decided() -> None:
    # Given a killed fleet for whose release two people are needed, and one has asked
    killed = f.FleetSwitched(at_ms=5, state="killed", by="bob", reason="fire")
    asked = f.ReleaseAsked(at_ms=6, by=("bob",), needed=2)
    made = board(f.ReleaseRuleSet(people=2, by="ada"), killed, asked, task=0)
    assert made.fleet == Switch(scope=FLEET, state="killed", by="bob", reason="fire", since_ms=5, record=51)
    assert (made.rule.people, made.asked) == (2, asked)
    # When it is released
    made.take(decision(f.FleetSwitched(at_ms=9, state="running", by="ada"), task=0), 60)
    # Then nobody waits for anybody
    assert (made.fleet.state, made.asked) == ("running", None)


async def test_the_switches_are_read_from_the_whole_log(environment: Environment) -> None:
    await environment.decide(0, switched(AGENT))
    await environment.decide(42, accepted(), PAUSED)
    assert set((await read_switches(environment.alice)).switches) == {AGENT, task_scope(42)}
