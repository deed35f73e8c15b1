"""What the simulator found, as small scenarios: each of these once broke a law."""

import pytest

from interlock.console.simulation import actions as a
from interlock.console.simulation.line import Weather
from interlock.console.simulation.run import Simulation
from interlock.console.simulation.scenario import Cast, Scenario
from interlock.contracts.budget import Budget
from interlock.contracts.decision import Decision
from interlock.contracts.facts import AgentJoined
from interlock.contracts.message import decode
from interlock.contracts.plan import Plan, PlannedStep
from interlock.contracts.subjects import FLEET_DECISIONS
from interlock.contracts.task import Submit

AGENTS = {"planner-1": 2, "researcher-1": 2, "executor-1": 2, "reviewer-1": 2}
CAST = Cast(("supervisor-1", "supervisor-2"), AGENTS, {"effects-1": 2}, restless=False)
PLAN = Plan(steps=tuple(PlannedStep(id=name, role="researcher") for name in "abc"))


def scenario(*actions: a.AnyAction, seed: int = 1) -> Scenario:
    """Return a scenario with two tasks and these troubles."""
    tasks = tuple(
        a.Hand(at_s=0.5 + number / 4, body=Submit(goal="why?", tenant="red", plan=PLAN, budget=Budget()))
        for number in range(2)
    )
    return Scenario(seed, "found", CAST, (*tasks, *actions))


@pytest.mark.parametrize("who", ["supervisor-1", "supervisor-2", "researcher-1", "effects-1"])
def test_a_line_that_stands_still_for_a_while_costs_nobody_its_place(who: str) -> None:
    # Given a line on which nothing moves for longer than a silence may last, though it never breaks
    simulation = Simulation(scenario(a.Stall(at_s=0.9, who=who, for_s=5.0)))
    # Then whoever was given up is there again, and everything ends
    assert simulation.run().violation is None


def test_whoever_was_given_up_and_beats_joins_again() -> None:
    # Given an agent whose beats come late, all at once, and who knows nothing of it
    simulation = Simulation(scenario(a.Stall(at_s=0.9, who="researcher-1", for_s=6.0)))
    assert simulation.run().violation is None
    # Then it was given up, and is there with the incarnation that it had
    assert simulation.watch.replayed.agents["researcher-1"].incarnation == "researcher-1.1"
    lives = [
        fact
        for line in simulation.records
        if line.subject == FLEET_DECISIONS
        for fact in decode(Decision, line.data).facts
        if isinstance(fact, AgentJoined) and fact.principal == "researcher-1"
    ]
    assert len(lives) > 1


@pytest.mark.parametrize("seed", range(6))
def test_a_new_life_of_a_worker_gets_no_grant_of_the_old_one(seed: int) -> None:
    # Given a worker that dies while nobody leads, and lives again before somebody does
    troubles = (
        a.Freeze(at_s=1.0, who="supervisor-1", for_s=9.0),
        a.Freeze(at_s=1.0, who="supervisor-2", for_s=6.0),
        a.Crash(at_s=1.4, who="effects-1", steps=2, back_s=0.3),
        a.Crash(at_s=5.0, who="supervisor-2", steps=3, back_s=0.1),
    )
    assert Simulation(scenario(*troubles, seed=seed)).run().violation is None


@pytest.mark.parametrize("verb", ["pause", "kill", "drain"])
def test_a_switch_of_the_fleet_stands_in_the_log_where_it_was_decided(verb: str) -> None:
    # Given a log that has no room while inputs come, so that decisions wait
    troubles = (
        a.Fill(at_s=0.7, for_s=1.5),
        a.Switch(at_s=1.0, verb=verb, task=None),
        a.Switch(at_s=4.0, verb="resume", task=None),
    )
    assert Simulation(scenario(*troubles)).run().violation is None


@pytest.mark.parametrize("seed", range(6))
def test_a_grant_of_a_halted_task_that_never_arrived_is_taken_back(seed: int) -> None:
    # Given an effect worker that hears nothing while a task is killed, and a leader that dies then
    troubles = (
        a.Storm(at_s=0.6, who="effects-1", for_s=2.5, weather=Weather(lost=1.0)),
        a.Switch(at_s=1.3, verb="kill", task=0),
        a.Crash(at_s=1.35 + seed / 20, who="supervisor-1", steps=0, back_s=4.0),
        a.Crash(at_s=1.35 + seed / 20, who="supervisor-2", steps=0, back_s=0.3),
    )
    # Then nothing of it is done any more, and no reservation stays
    assert Simulation(scenario(*troubles, seed=seed)).run().violation is None


@pytest.mark.parametrize("seed", range(3))
def test_nothing_is_decided_again_before_who_leads_has_heard_it(seed: int) -> None:
    # Given one that leads alone, has no task, and hears nothing of who leaves just before all is over
    alone = Cast(("supervisor-1",), AGENTS, {"effects-1": 2}, restless=False)
    troubles = (
        a.Stall(at_s=20.0, who="supervisor-1", for_s=4.0),
        a.Leave(at_s=20.1, who="researcher-1", back_s=8.0),
    )
    # Then what it decides is compared with what is decided again only when it has decided about that
    assert Simulation(Scenario(seed, "found", alone, troubles)).run().violation is None
