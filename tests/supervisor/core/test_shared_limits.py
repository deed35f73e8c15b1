"""Limits that many tasks share: fleet, tenant and role, in total and for each day."""

import pytest
from tests.supervisor.core.world import LOOK, ONE, PLAN, THINK, World, limited

from interlock.contracts import facts
from interlock.contracts.budget import NOTHING, Amounts, Budget
from interlock.supervisor.core.account import DAY_MS, NO_LIMITS

SCOPES = [("fleet",), ("tenant", "acme"), ("role", "researcher")]
scopes = pytest.mark.parametrize("scope", SCOPES, ids=" ".join)


def two_tasks(*scope: str, total: Budget = NO_LIMITS, day: Budget = NO_LIMITS) -> tuple[World, int, int]:
    """Given two tasks of one tenant that have begun, under a limit that they share."""
    world = World()
    world.now_ms = 20_000 * DAY_MS + 1_000
    world.everybody()
    world.limit(*scope, total=total, day=day)
    patient = limited(wall_ms=100 * DAY_MS)
    first, second = (world.submit(tenant="acme", plan=ONE, review=False, budget=patient) for _ in range(2))
    return world, first, second


@scopes
def test_what_one_task_reserves_the_other_cannot_and_gets_as_soon_as_it_is_free(
    scope: tuple[str, ...],
) -> None:
    world, first, second = two_tasks(*scope, total=limited(tokens=300))
    # Given one call in flight whose bound leaves too little for another
    begun = world.ask(first, "a", THINK)
    waits = world.ask(second, "a", THINK)
    held = world.only(second, facts.EffectHeld)
    assert held.waits_for == "reservations"
    assert " ".join(scope) in held.reason
    # When it ends and has used less than was reserved
    world.completed(first, begun, Amounts(tokens=20, model_calls=1))
    # Then the other is granted by the same decision
    assert world.only(second, facts.EffectGranted).effect == waits


@scopes
def test_a_used_up_limit_parks_whoever_needs_it_and_setting_it_anew_lets_all_go_on(
    scope: tuple[str, ...],
) -> None:
    world, first, second = two_tasks(*scope, total=limited(tool_calls=1))
    world.completed(first, world.ask(first, "a", LOOK), Amounts(tool_calls=1))
    # When both want more
    for number in (first, second):
        world.ask(number, "a", LOOK, key="k2")
        lack = world.only(number, facts.Parked).lack
        assert (lack.scope, lack.dimension, lack.limit, lack.day) == (" ".join(scope), "tool_calls", 1, 0)
    # Then a higher limit lets both go on where they were
    world.limit(*scope, total=limited(tool_calls=3))
    for number in (first, second):
        assert world.kinds(number) == ["Resumed", "Resolved", "EffectGranted"]


def test_a_limit_of_another_scope_lets_nobody_go_on() -> None:
    world, first, _ = two_tasks("tenant", "acme", total=limited(tool_calls=0))
    world.ask(first, "a", LOOK)
    world.limit("fleet", total=limited(tool_calls=100))
    world.limit("tenant", "other", total=limited(tool_calls=100))
    assert world.task(first).hold == "parked"


def test_a_daily_limit_begins_anew_at_midnight_and_what_waited_goes_on() -> None:
    world, first, second = two_tasks("tenant", "acme", day=limited(tool_calls=1))
    world.completed(first, world.ask(first, "a", LOOK), Amounts(tool_calls=1))
    world.ask(second, "a", LOOK)
    today = world.now_ms // DAY_MS
    assert world.only(second, facts.Parked).lack.day == today
    # When the day is almost over
    world.tick((today + 1) * DAY_MS - 1 - world.now_ms)
    assert world.task(second).hold == "parked"
    # And then is over
    world.tick(1)
    assert world.kinds(second)[:3] == ["Resumed", "Resolved", "EffectGranted"]


def test_what_was_reserved_yesterday_counts_today_until_it_is_settled() -> None:
    # Given a call that began before midnight
    world, first, second = two_tasks("fleet", day=limited(tool_calls=1))
    begun = world.ask(first, "a", LOOK)
    world.now_ms = (world.now_ms // DAY_MS + 1) * DAY_MS
    # When another wants to begin after midnight
    world.ask(second, "a", LOOK)
    # Then it waits: the first may yet end, and count today
    assert world.only(second, facts.EffectHeld).waits_for == "reservations"
    world.completed(first, begun, Amounts(tool_calls=1))
    assert world.only(second, facts.Parked).lack.day == world.now_ms // DAY_MS


def test_steps_and_replans_are_limited_for_all_too() -> None:
    world = World()
    world.everybody()
    world.limit("fleet", total=limited(steps=2))
    number = world.submit(plan=PLAN)
    third = world.submit(plan=ONE)
    assert world.only(third, facts.Parked).lack.dimension == "steps"
    world.limit("fleet", total=limited(replans=0))
    world.failure(number, "a", "permanent")
    assert world.only(number, facts.Parked).lack.scope == "fleet"


def test_four_fifths_of_a_shared_limit_are_warned_of_once_a_day() -> None:
    world, first, _ = two_tasks("tenant", "acme", total=limited(tool_calls=100), day=limited(tool_calls=5))
    said: list[facts.BudgetWarned] = []
    for key in range(8):
        if key == 4:
            world.now_ms += DAY_MS
        world.completed(first, world.ask(first, "a", LOOK, key=f"k{key}"), Amounts(tool_calls=1))
        said += world.said(0, facts.BudgetWarned)
    assert [(fact.scope, fact.spent, fact.limit) for fact in said] == [("tenant acme", 4, 5)] * 2
    assert said[0].day + 1 == said[1].day


def test_a_limit_below_what_is_spent_stops_what_comes_and_takes_nothing_back() -> None:
    world, first, _ = two_tasks("fleet")
    world.completed(first, world.ask(first, "a", LOOK), Amounts(tool_calls=1))
    world.limit("fleet", total=limited(tool_calls=0))
    assert world.task(first).hold == "free"
    world.ask(first, "a", LOOK, key="k2")
    assert world.only(first, facts.Parked).lack.dimension == "tool_calls"
    assert world.state.shared["fleet"].spent.tool_calls == 1


def test_limits_of_nothing_that_there_is_are_refused() -> None:
    world = World()
    for scope in ((), ("planet",), ("tenant",), ("fleet", "x"), ("task", "1"), ("role", "a", "b")):
        world.limit(*scope)
        assert "fleet, tenant.<name> or role.<name>" in world.only(0, facts.Refused).reason


def test_late_money_counts_for_all_scopes_when_the_task_is_over() -> None:
    # Given a killed task with a call in flight
    world, first, _ = two_tasks("role", "researcher", total=limited(tokens=1_000))
    begun = world.ask(first, "a", THINK)
    world.control("kill", first)
    assert world.state.shared["role researcher"].reserved.tokens == 200
    # When the call turns out to have happened
    world.completed(first, begun, Amounts(tokens=150, model_calls=1))
    # Then it counts everywhere, and nothing stays reserved
    for scope in ("role researcher", "tenant acme", "fleet"):
        account = world.state.shared[scope]
        assert (account.spent.tokens, account.reserved) == (150, NOTHING)
