"""Failures and losses of steps: tried again a bounded number of times, then given up as dead letters."""

from typing import Any

import pytest
from tests.supervisor.core.world import ONE, World, all_of, limited

from interlock.contracts import facts
from interlock.contracts.step import StepResult
from interlock.supervisor.core.limits import MAX_STEP_FAILURES, MAX_STEP_LOSSES, RETRY_BASE_MS


def one_step(**fields: Any) -> tuple[World, int]:
    world = World()
    world.everybody()
    return world, world.submit(plan=ONE, **fields)


def test_a_transient_failure_is_tried_again_after_a_wait_that_doubles() -> None:
    world, number = one_step()
    for attempt in range(1, MAX_STEP_FAILURES):
        world.failure(number, "a")
        wait_ms = RETRY_BASE_MS * 2 ** (attempt - 1)
        assert world.only(number, facts.StepFailed).retry_at_ms == world.now_ms + wait_ms
        world.tick(wait_ms - 1)
        assert world.step(number, "a").state == "backing_off"
        world.tick(1)
        assert (world.step(number, "a").state, world.step(number, "a").attempt) == ("assigned", attempt + 1)


def test_a_step_that_keeps_failing_becomes_a_dead_letter_and_is_planned_anew() -> None:
    world, number = one_step()
    for _ in range(MAX_STEP_FAILURES - 1):
        world.failure(number, "a")
        world.tick(60_000)
    world.failure(number, "a", message="the disk is full")
    dead = world.only(number, facts.StepDead)
    assert dead.reason == "step a (researcher) cannot be done: the disk is full"
    assert world.only(number, facts.PlanRequested).replan


@pytest.mark.parametrize("kind", ["permanent", "unfit_input"])
def test_a_permanent_failure_is_not_tried_again(kind: str) -> None:
    world, number = one_step(budget=limited(replans=0))
    world.failure(number, "a", kind)  # type: ignore[arg-type]  # one of the literals
    assert world.only(number, facts.StepFailed).retry_at_ms is None
    assert world.step(number, "a").state == "dead"
    assert world.task(number).hold == "parked"


def test_a_step_whose_agent_is_lost_again_and_again_is_given_up() -> None:
    world, number = one_step(budget=limited(replans=0))
    for _ in range(MAX_STEP_LOSSES):
        assert world.step(number, "a").state == "assigned"
        world.agent("researcher-1")
    assert len(all_of(world.told, number, facts.StepLost)) == MAX_STEP_LOSSES
    assert "was lost 5 times" in all_of(world.told, number, facts.StepDead)[0].reason
    assert world.task(number).hold == "parked"


def test_a_step_that_is_not_finished_in_time_is_taken_away() -> None:
    world = World()
    world.agent("researcher-1", deadline_s=60)
    number = world.submit(plan=ONE)
    world.tick(59_999)
    assert world.kinds(number) == []
    world.tick(1)
    assert world.only(number, facts.StepLost).reason == "researcher-1 did not finish in time"
    assert world.step(number, "a").attempt == 2


def test_the_result_of_an_old_attempt_is_late() -> None:
    # Given a step that was taken from one agent and given to another
    world, number = one_step()
    world.agent("researcher-2")
    world.bye("researcher-1")
    assert world.step(number, "a").principal == "researcher-2"
    # When the first one finishes after all, or the second under an attempt that never was its own
    for who, tried in (("researcher-1", []), ("researcher-2", ["AccessViolated"])):
        world.say(who, "agent", "result", StepResult(step="a", attempt=1, value=b"1"), number)  # type: ignore[arg-type]  # raw JSON
        # Then nothing comes of it
        assert world.kinds(number) == ["Refused", *tried]
        assert f"late: {who} does not have attempt 1 of a in hand" in world.only(number, facts.Refused).reason
    assert world.step(number, "a").state == "assigned"


def test_a_second_result_of_the_same_attempt_is_late() -> None:
    world, number = one_step()
    step = world.step(number, "a")
    world.result(number, "a")
    body = StepResult(step="a", attempt=step.attempt, value=b"2")  # type: ignore[arg-type]  # raw JSON
    world.say(step.principal, "agent", "result", body, number)
    assert world.kinds(number) == ["Refused"]


def test_a_result_for_a_task_that_is_not_there_is_refused_to_the_fleet() -> None:
    world, _ = one_step()
    world.say("researcher-1", "agent", "result", StepResult(step="a", attempt=1, value=b"1"), 999)  # type: ignore[arg-type]  # raw JSON
    assert world.only(0, facts.Refused).reason == "there is no task 999"
