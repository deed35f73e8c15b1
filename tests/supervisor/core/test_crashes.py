"""A decision about several tasks is several records; when a crash comes between them, a tick completes it."""

from typing import Any

import pytest
from tests.supervisor.core.world import LOOK, ONE, THINK, World

from interlock.contracts import facts
from interlock.contracts.budget import NOTHING
from interlock.contracts.effect import EffectCompleted


def at_work(**fields: Any) -> tuple[World, int]:
    world = World()
    world.agent("researcher-1", **fields)
    world.worker()
    return world, world.submit(plan=ONE, review=False)


def test_a_step_in_the_hand_of_somebody_who_has_left_is_given_to_another() -> None:
    # Given that it stands in the log that an agent has left, and not what became of its step
    world, number = at_work()
    world.agent("researcher-2")
    world.bye("researcher-1")
    world.crash(0)
    assert world.step(number, "a").principal == "researcher-1"
    # When time passes, then the step is taken from it
    world.tick(250)
    assert world.kinds(number) == ["StepLost", "StepAssigned"]
    assert world.only(number, facts.StepLost).reason == "researcher-1 is not here any more"
    assert world.step(number, "a").principal == "researcher-2"


def test_a_step_in_the_hand_of_an_old_incarnation_is_given_to_the_new_one() -> None:
    world, number = at_work()
    world.agent("researcher-1")
    world.crash(0)
    world.tick(250)
    assert (world.step(number, "a").state, world.step(number, "a").attempt) == ("assigned", 2)


def test_an_effect_in_the_hand_of_a_worker_that_has_left_is_granted_to_another() -> None:
    world, number = at_work()
    world.worker("effects-2")
    effect = world.ask(number, "a", THINK)
    world.bye("effects-1")
    world.crash(0)
    world.tick(250)
    assert world.kinds(number) == ["EffectSettled", "EffectGranted"]
    assert world.effect(number, effect).worker == "effects-2"
    # And the old worker's outcome is late
    late = EffectCompleted(effect=effect, grant=1, value=b"1")  # type: ignore[arg-type]  # raw JSON
    world.say("effects-1", "effect", "completed", late, number)
    assert world.kinds(number) == ["Refused"]


def test_every_orphan_is_found_at_once() -> None:
    world, number = at_work()
    effects = [world.ask(number, "a", LOOK, key=f"k{place}") for place in range(3)]
    world.worker("effects-1")
    world.crash(0)
    world.tick(250)
    assert {world.effect(number, effect).grant for effect in effects} == {2}


def test_a_request_of_somebody_who_has_left_is_late_and_not_denied_for_ever() -> None:
    # Given an agent of which only its leaving stands in the log
    world, number = at_work()
    world.agent("researcher-2")
    world.bye("researcher-1")
    world.crash(0)
    # When it asks after all
    world.ask(number, "a", LOOK)
    # Then that is late, and its successor may ask the same
    assert "researcher-1 is not here any more" in world.only(number, facts.Refused).reason
    world.tick(250)
    world.ask(number, "a", LOOK)
    assert world.kinds(number) == ["EffectGranted"]


def test_a_hand_that_was_freed_is_filled() -> None:
    world, first = at_work(capacity=1)
    second = world.submit(plan=ONE, review=False)
    world.result(first, "a")
    world.crash(first)
    assert world.step(second, "a").state == "ready"
    world.tick(250)
    assert world.step(second, "a").state == "assigned"


def test_a_worker_that_was_freed_gets_what_waits() -> None:
    world, first = at_work()
    second = world.submit(plan=ONE)
    world.bye("effects-1")
    world.worker(capacity=1)
    flying, waiting = world.ask(first, "a", LOOK), world.ask(second, "a", LOOK)
    world.completed(first, flying)
    world.crash(first)
    assert world.effect(second, waiting).state == "held"
    world.tick(250)
    assert world.effect(second, waiting).state == "granted"


def test_an_agent_that_joined_gets_what_waited_for_it() -> None:
    world = World()
    number = world.submit(plan=ONE)
    world.agent("researcher-1")
    world.crash(0)
    world.tick(250)
    assert world.step(number, "a").state == "assigned"


def test_a_fleet_that_was_resumed_goes_on() -> None:
    world, number = at_work()
    world.control("pause")
    effect = world.ask(number, "a", LOOK)
    world.control("resume")
    world.crash(0)
    world.tick(250)
    assert world.effect(number, effect).state == "granted"


def test_a_fleet_that_was_killed_halts_what_is_left() -> None:
    world, number = at_work()
    other = world.submit(plan=ONE)
    world.control("kill")
    world.crash(0, number)
    world.tick(250)
    assert world.kinds(other) == ["Halted"]


@pytest.mark.parametrize("stop", ["kill", "pause"])
def test_the_money_of_a_task_that_is_over_or_stands_still_is_settled_too(stop: str) -> None:
    # Given a call in flight of a task that is killed or paused, and a worker of which only the end is known
    world, number = at_work()
    world.ask(number, "a", THINK)
    world.control(stop, number)
    world.bye("effects-1")
    world.crash(0)
    assert world.state.shared["fleet"].reserved.tokens == 200
    # When time passes
    world.tick(250)
    # Then nothing stays reserved, and what may have happened is counted
    fleet = world.state.shared["fleet"]
    assert (fleet.reserved, fleet.spent.tokens) == (NOTHING, 200)
