"""Wall time is used up at an exact moment, however late somebody looks, in every scope."""

from hypothesis import given
from hypothesis import strategies as st
from tests.supervisor.core.world import ONE, PLAN, World, limited

from interlock.contracts import facts
from interlock.supervisor.core.account import NO_LIMITS, Account


def test_a_task_is_parked_as_of_the_moment_at_which_its_time_was_up() -> None:
    world = World()
    world.everybody()
    began_ms = world.now_ms
    number = world.submit(plan=ONE, budget=limited(wall_ms=1_000))
    # When somebody looks a while later
    world.tick(1_217)
    # Then the clock was stopped in time
    assert world.only(number, facts.Parked).at_ms == began_ms + 1_000
    assert world.task(number).account.spent.wall_ms == 1_000


def test_an_input_finds_it_too_and_what_comes_too_late_changes_no_time() -> None:
    world = World()
    world.everybody()
    number = world.submit(plan=ONE, review=False, budget=limited(wall_ms=1_000))
    world.now_ms += 1_100
    world.result(number, "a")
    assert world.kinds(number) == ["Parked", "Escalated", "StepCompleted", "Resolved", "Completed"]
    assert world.task(number).account.spent.wall_ms == 1_000


def test_tasks_that_share_a_limit_stop_together_when_the_sum_is_reached() -> None:
    # Given two tasks of a tenant that may run 10 s together, one begun 2 s before the other
    world = World()
    world.everybody()
    world.limit("tenant", "acme", total=limited(wall_ms=10_000))
    began_ms = world.now_ms
    first = world.submit(tenant="acme", plan=ONE)
    world.now_ms += 2_000
    second = world.submit(tenant="acme", plan=ONE)
    other = world.submit(plan=ONE)
    world.tick(4_100)
    # Then they stop when 6 s and 4 s have passed, and others go on
    assert {world.only(number, facts.Parked).at_ms for number in (first, second)} == {began_ms + 6_000}
    assert world.state.shared["tenant acme"].spent.wall_ms == 10_000
    assert world.task(other).moving


def test_a_task_that_comes_when_the_time_is_up_does_not_run_at_all() -> None:
    world = World()
    world.everybody()
    world.limit("fleet", total=limited(wall_ms=1_000))
    world.submit(plan=ONE)
    world.tick(1_000)
    late = world.submit(plan=ONE)
    assert world.kinds(late)[-2:] == ["Parked", "Escalated"]
    assert world.task(late).account.spent.wall_ms == 0


def test_a_roles_time_runs_only_while_its_steps_are_in_hand() -> None:
    # Given a role that may work 3 s, and two of its steps in hand at once
    world = World()
    world.everybody()
    world.limit("role", "researcher", total=limited(wall_ms=3_000))
    number = world.submit(plan=PLAN)
    world.now_ms += 1_000
    world.result(number, "a")
    began_ms = world.now_ms
    world.tick(1_500)
    assert world.only(number, facts.Parked).at_ms == began_ms + 1_000
    assert world.state.shared["role researcher"].spent.wall_ms == 3_000


def test_a_step_has_a_time_of_its_own_from_its_agents_charter() -> None:
    world = World()
    world.agent("researcher-1", budget=limited(wall_ms=500))
    number = world.submit(plan=ONE)
    world.tick(800)
    lack = world.only(number, facts.Parked).lack
    assert (lack.scope, lack.dimension) == ("step a", "wall_ms")
    assert world.step(number, "a").account.spent.wall_ms == 500
    # And a raise lets it go on
    world.more(number, wall_ms=1_000)
    assert world.task(number).moving


def test_a_limit_lowered_below_what_has_run_stops_now_and_denies_nothing() -> None:
    world = World()
    world.everybody()
    number = world.submit(plan=ONE)
    world.now_ms += 5_000
    world.limit("fleet", total=limited(wall_ms=1_000))
    assert world.kinds(number) == ["Parked", "Escalated"]
    assert world.only(number, facts.Parked).at_ms == world.now_ms
    assert world.state.shared["fleet"].spent.wall_ms == 5_000


def test_a_pause_of_everything_does_not_hide_that_the_time_was_up_before() -> None:
    world = World()
    world.everybody()
    number = world.submit(plan=ONE, budget=limited(wall_ms=1_000))
    world.now_ms += 1_200
    world.control("pause")
    assert world.task(number).account.spent.wall_ms == 1_000


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), max_size=6), st.integers(0, 100))
def test_many_clocks_in_one_account_are_as_one_each(runs: list[tuple[int, int]], now_ms: int) -> None:
    account = Account(budget=NO_LIMITS)
    for began_ms, _ in runs:
        account = account.start_clock(began_ms)
    for began_ms, lasts_ms in runs:
        if began_ms + lasts_ms <= now_ms:
            account = account.stop_clock(began_ms, began_ms + lasts_ms)
    ran_ms = sum(min(lasts_ms, now_ms - began_ms) for began_ms, lasts_ms in runs if began_ms <= now_ms)
    late_ms = sum(began_ms - now_ms for began_ms, _ in runs if began_ms > now_ms)
    assert account.wall_ms(now_ms) >= ran_ms - late_ms
    if not late_ms:
        assert account.wall_ms(now_ms) == ran_ms
