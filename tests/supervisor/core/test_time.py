"""What the passing of time brings: deadlines, wall time that stands still in pauses, and nothing else."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.supervisor.core.world import LOOK, ONE, World, limited

from interlock.contracts import facts
from interlock.contracts.effect import AskCall


def at_work(**fields: Any) -> tuple[World, int]:
    world = World()
    world.agent("researcher-1", deadline_s=3_600)
    world.agent("reviewer-1")
    world.worker()
    return world, world.submit(plan=ONE, **fields)


def test_a_tick_with_nothing_due_says_nothing() -> None:
    world, _ = at_work()
    world.tick(1_000)
    assert world.last == {}


def test_a_deadline_counts_from_submission_whatever_happens() -> None:
    # Given a task with a deadline, which is paused
    world, number = at_work(deadline_s=60)
    world.control("pause", number)
    world.tick(59_999)
    assert world.task(number).active
    # When the time is over
    world.tick(1)
    # Then it has failed
    failed = world.only(number, facts.Failed)
    assert (failed.kind, failed.reason) == ("deadline", "its deadline has passed")


def test_used_up_wall_time_parks_the_task_and_a_raise_continues_it() -> None:
    world, number = at_work(budget=limited(wall_ms=10_000))
    world.tick(9_999)
    assert world.task(number).moving
    world.tick(1)
    assert "wall_ms of the task: limit 10000" in world.only(number, facts.Parked).reason
    world.tick(60_000)
    world.more(number, wall_ms=5_000)
    assert world.kinds(number) == ["LimitRaised", "Resumed", "Resolved"]
    world.tick(4_999)
    assert world.task(number).moving
    world.tick(1)
    assert world.task(number).hold == "parked"


@pytest.mark.parametrize("scope", ["task", "fleet"])
def test_the_clocks_stand_still_while_paused(scope: str) -> None:
    # Given a step with an hour, and a task with a minute
    world, number = at_work(budget=limited(wall_ms=60_000))
    target = number if scope == "task" else None
    world.tick(20_000)
    due = world.step(number, "a").deadline_ms
    # When everything stands still for a day
    world.control("pause", target)
    world.tick(86_400_000)
    assert world.last == {}
    world.control("resume", target)
    # Then neither has lost any time
    assert world.task(number).account.wall_ms(world.now_ms) == 20_000
    assert world.step(number, "a").deadline_ms == due + 86_400_000
    world.tick(39_999)
    assert world.task(number).moving
    world.tick(1)
    assert world.task(number).hold == "parked"


def test_the_clock_stands_still_while_the_task_is_parked() -> None:
    world, number = at_work(budget=limited(tool_calls=0, wall_ms=60_000))
    world.tick(20_000)
    world.ask(number, "a", LOOK)
    world.tick(500_000)
    world.more(number, tool_calls=1)
    assert world.task(number).account.wall_ms(world.now_ms) == 20_000
    assert world.task(number).moving


def test_a_question_to_a_person_keeps_the_step_open() -> None:
    world, number = at_work()
    effect = world.ask(number, "a", AskCall(question="?"))
    world.tick(30_000)
    world.answer(number, effect)
    assert world.effect(number, effect).state == "answered"


turns_of_switches = st.tuples(st.sampled_from(["task", "fleet", "none"]), st.integers(0, 50_000))


@given(st.lists(turns_of_switches, max_size=12))
def test_no_time_runs_in_any_overlap_of_pauses(turns: list[tuple[str, int]]) -> None:
    # Given pauses of the task and of the fleet that begin and end in any order
    world, number = at_work(budget=limited(wall_ms=None))
    due, ran_ms, stood_ms = world.step(number, "a").deadline_ms, 0, 0
    paused = {"task": False, "fleet": False}
    for scope, wait_ms in turns:
        if scope != "none":
            world.control("resume" if paused[scope] else "pause", number if scope == "task" else None)
            paused[scope] = not paused[scope]
        world.now_ms += wait_ms
        ran_ms += 0 if any(paused.values()) else wait_ms
        stood_ms += wait_ms if any(paused.values()) else 0
    for scope in [scope for scope, is_paused in paused.items() if is_paused]:
        world.control("resume", number if scope == "task" else None)
    # Then the task's clock ran exactly while nothing was paused, and the step's deadline moved by the rest
    assert world.task(number).account.wall_ms(world.now_ms) == ran_ms
    assert world.step(number, "a").deadline_ms == due + stood_ms
