"""A step that is killed in an agent's hand: the agent confirms its end, or this life of it is condemned."""

import pytest
from tests.supervisor.core.world import ONE, World, all_of

from interlock.contracts import facts
from interlock.contracts.message import encode
from interlock.contracts.presence import AgentHello


def killed(scope: str = "task {task}") -> tuple[World, int]:
    """A task whose step an agent had in hand when it was killed."""
    world = World()
    world.everybody()
    number = world.submit(plan=ONE)
    world.switch("kill", scope.format(task=number))
    return world, number


@pytest.mark.parametrize("scope", ["task {task}", "step {task} a", "tenant default"])
def test_an_agent_confirms_that_a_killed_step_has_ended(scope: str) -> None:
    world, number = killed(scope)
    assert list(world.state.stopping) == [(number, "a")]
    world.stopped(number, "a", "researcher-1", stopped_us=7)
    stopped = world.only(number, facts.StepStopped)
    assert (stopped.principal, stopped.attempt, stopped.stopped_us) == ("researcher-1", 1, 7)
    assert stopped.input == world.seq
    assert not world.state.stopping
    # And nothing more is expected of it
    world.unconfirmed("researcher-1")
    assert world.last == {}


@pytest.mark.parametrize("scope", ["agent researcher-1", "role researcher", "fleet"])
def test_a_killed_agent_confirms_nothing(scope: str) -> None:
    world, _ = killed(scope)
    assert not world.state.stopping


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("result", {"step": "a", "attempt": 1, "value": 1}),
        ("failed", {"step": "a", "attempt": 1, "kind": "transient", "message": "oh"}),
    ],
)
def test_a_result_that_was_on_its_way_confirms_too_and_counts_for_nothing(
    verb: str, body: dict[str, object]
) -> None:
    world, number = killed()
    world.say("researcher-1", "agent", verb, encode(body), number)
    assert world.kinds(number)[:2] == ["StepStopped", "Refused"]
    assert world.only(number, facts.StepStopped).stopped_us == world.now_ms * 1_000
    assert world.task(number).phase == "halted"


@pytest.mark.parametrize(("who", "attempt"), [("researcher-1", 2), ("executor-1", 1)])
def test_nobody_else_confirms(who: str, attempt: int) -> None:
    world, number = killed()
    world.stopped(number, "a", who, attempt)
    assert "StepStopped" not in world.kinds(number)
    assert world.state.stopping


def test_an_agent_that_does_not_confirm_is_condemned_and_its_other_steps_go_to_others() -> None:
    # Given an agent with steps of two tasks, one of which was killed
    world, number = killed()
    other = world.submit(plan=ONE)
    assert world.step(other, "a").principal == "researcher-1"
    world.agent("researcher-2")
    life = world.state.incarnation_of("researcher-1")
    # When the time is over
    world.unconfirmed("researcher-1")
    # Then this life of it shall end
    condemned = world.only(0, facts.AgentCondemned)
    assert (condemned.principal, condemned.incarnation) == ("researcher-1", life)
    assert condemned.kill == all_of(world.told, number, facts.Halted)[0].input
    assert condemned.reason == f"it has not confirmed in time that step a of task {number} ended"
    assert world.only(0, facts.Left).incarnation == life
    assert world.only(other, facts.StepAssigned).principal == "researcher-2"
    # And it does not come back, but another life of it may
    charter = world.state.charters["researcher"]
    world.say("researcher-1", "agent", "hello", AgentHello(incarnation=life, charter=charter))
    assert "it has to be started again" in world.only(0, facts.Refused).reason
    world.agent("researcher-1")
    assert world.kinds(0) == ["AgentJoined"]
    # And what the former one confirms then changes nothing
    world.stopped(number, "a", "researcher-1")
    assert world.kinds(number) == ["Refused"]


def test_a_condemned_agent_that_confirms_after_all_may_come_back() -> None:
    # Given an agent that was only slow, and that nobody starts again
    world, number = killed()
    life, charter = world.state.incarnation_of("researcher-1"), world.state.charters["researcher"]
    world.unconfirmed("researcher-1")
    # When it confirms too late
    world.stopped(number, "a", "researcher-1")
    assert world.kinds(number) == ["StepStopped"]
    # Then it may come back as it is
    world.say("researcher-1", "agent", "hello", AgentHello(incarnation=life, charter=charter))
    assert world.kinds(0) == ["AgentJoined"]


def test_a_life_that_is_over_is_not_condemned() -> None:
    world, _ = killed()
    world.agent("researcher-1")
    world.unconfirmed("researcher-1")
    assert world.last == {}


def test_a_step_that_its_agent_stopped_though_nobody_had_decided_so_goes_to_another() -> None:
    # Given an agent that heard a kill which the log had no room for
    world = World()
    world.everybody()
    number = world.submit(plan=ONE)
    # When it says that it has stopped
    world.stopped(number, "a", "researcher-1")
    # Then the step begins anew
    assert world.kinds(number) == ["StepLost", "StepAssigned"]


def test_who_stopped_a_step_that_had_been_taken_from_it_is_believed() -> None:
    world = World()
    world.everybody()
    number = world.submit(plan=ONE)
    world.silence("researcher-1")
    world.stopped(number, "a", "researcher-1")
    assert world.kinds(number) == ["StepStopped"]
    assert world.step(number, "a").state == "ready"
