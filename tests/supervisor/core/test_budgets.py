"""Budgets: reserved before, settled after, and never exceeded; exhaustion parks, a raise continues."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.supervisor.core.world import LOOK, MODEL, ONE, PARKED, PLAN, THINK, World, limited

from interlock.contracts import facts
from interlock.contracts.budget import MOST, Amounts, Budget
from interlock.contracts.effect import ModelCall
from interlock.contracts.facts import Demand
from interlock.contracts.presence import ModelOffer
from interlock.supervisor.core.account import Account
from interlock.supervisor.core.bounds import fitting_output_tokens, model_bound, shortage
from interlock.supervisor.core.limits import MIN_OUTPUT_TOKENS


def at_work(task_budget: Budget, **charter: Any) -> tuple[World, int]:
    world = World()
    world.agent("researcher-1", **charter)
    world.worker()
    return world, world.submit(plan=ONE, budget=task_budget)


def thinking(output_tokens: int) -> ModelCall:
    """A call whose prompt is bounded by 100 tokens."""
    return ModelCall(purpose="think", prompt="x" * 36, max_output_tokens=output_tokens)


def test_an_exhausted_budget_parks_the_task_and_a_raise_continues_it_where_it_was() -> None:
    # Given a task with tokens for one call, which is spent
    world, number = at_work(limited(tokens=200))
    first = world.ask(number, "a", THINK, key="k1")
    world.completed(number, first, Amounts(tokens=200, model_calls=1))
    # When the agent asks for more
    second = world.ask(number, "a", THINK, key="k2")
    # Then the effect waits and the task is parked, with everything it has
    assert world.kinds(number) == ["EffectHeld", *PARKED]
    assert world.only(number, facts.EffectHeld).waits_for == "budget"
    parked = world.only(number, facts.Parked)
    assert parked.kind == "budget"
    assert "tokens of the task: limit 200" in parked.reason
    assert "interlock budget raise" in parked.reason
    step = world.step(number, "a")
    # And a raise goes on exactly there: same step, same attempt, same effect
    world.more(number, tokens=200)
    assert world.kinds(number) == ["LimitRaised", "Resumed", "Resolved", "EffectGranted"]
    assert world.only(number, facts.EffectGranted).effect == second
    assert (world.step(number, "a").attempt, world.step(number, "a").state) == (step.attempt, "assigned")


def test_a_raise_that_is_too_small_parks_again() -> None:
    world, number = at_work(limited(tokens=100))
    world.ask(number, "a", THINK)
    world.more(number, tokens=1)
    assert world.kinds(number) == ["LimitRaised", "Resumed", "Resolved", "Parked", "Escalated"]


def test_a_raise_of_a_paused_task_does_not_resume_it() -> None:
    world, number = at_work(limited(tokens=100))
    world.ask(number, "a", THINK)
    world.control("pause", number)
    world.more(number, tokens=1_000)
    assert world.kinds(number) == ["LimitRaised"]
    world.control("resume", number)
    assert world.kinds(number) == ["Resumed", "Resolved", "EffectGranted"]


def test_a_raise_lifts_the_limits_of_steps_too() -> None:
    # Given a charter that allows its steps less than the task may spend
    world, number = at_work(limited(tokens=10_000), budget=Budget(tokens=150, tool_calls=0))
    world.ask(number, "a", LOOK)
    assert "tool_calls of the step a" in world.only(number, facts.Parked).reason
    # When the task's limit is raised, then the step can go on
    world.more(number, tool_calls=1)
    assert "EffectGranted" in world.kinds(number)


def test_the_output_limit_is_lowered_before_a_call_is_refused() -> None:
    world, number = at_work(limited(tokens=150))
    world.ask(number, "a", thinking(1_000))
    granted = world.only(number, facts.EffectGranted)
    assert (granted.max_output_tokens, granted.reserved.tokens) == (50, 150)


def test_an_output_too_small_to_be_useful_is_refused() -> None:
    world, number = at_work(limited(tokens=100 + MIN_OUTPUT_TOKENS - 1))
    world.ask(number, "a", thinking(1_000))
    assert world.kinds(number) == ["EffectHeld", *PARKED]


def test_a_budget_that_others_have_reserved_is_waited_for_and_not_parked() -> None:
    # Given a call in flight that has reserved most of the budget
    world, number = at_work(limited(tokens=300))
    first = world.ask(number, "a", thinking(100), key="k1")
    # When another would fit only without it
    second = world.ask(number, "a", thinking(150), key="k2")
    # Then it waits, the task moves on, and it is granted when the first has settled for less
    assert world.only(number, facts.EffectHeld).waits_for == "reservations"
    assert world.task(number).moving
    world.completed(number, first, Amounts(tokens=40, model_calls=1))
    assert world.only(number, facts.EffectGranted).effect == second


def test_parallel_calls_cannot_overshoot_a_limit() -> None:
    # Given a limit of 9 calls, and many that are asked for at once
    world = World()
    for name in ("researcher-1", "researcher-2"):
        world.agent(name, capacity=1)
    world.worker(capacity=100)
    number = world.submit(plan=PLAN, budget=limited(model_calls=9))
    for place in range(8):
        for name in ("a", "b"):
            world.ask(number, name, THINK, key=f"k{place}")
    # Then 9 are granted, and not one more however they end
    granted = [effect for effect in world.task(number).effects.values() if effect.state == "granted"]
    assert len(granted) == 9
    for effect in granted:
        world.completed(number, effect.seq, Amounts(tokens=1, model_calls=1))
    assert world.task(number).account.spent.model_calls == 9
    assert world.task(number).hold == "parked"


def test_four_fifths_are_warned_of_once_for_each_limit() -> None:
    world, number = at_work(limited(tokens=500))
    first = world.ask(number, "a", THINK, key="k1")
    world.completed(number, first, Amounts(tokens=200, model_calls=1))
    assert world.kinds(number) == ["EffectSettled"]
    second = world.ask(number, "a", THINK, key="k2")
    world.completed(number, second, Amounts(tokens=200, model_calls=1))
    warned = world.only(number, facts.BudgetWarned)
    assert (warned.dimension, warned.spent, warned.limit) == ("tokens", 400, 500)
    third = world.ask(number, "a", ModelCall(purpose="p", prompt="", max_output_tokens=16), key="k3")
    world.completed(number, third, Amounts(tokens=1, model_calls=1))
    assert world.kinds(number) == ["EffectSettled"]


def test_a_lost_model_call_is_settled_at_its_bound_and_done_again() -> None:
    world, number = at_work(Budget())
    effect = world.ask(number, "a", THINK)
    world.worker("effects-2")
    world.bye("effects-1")
    assert world.kinds(number) == ["EffectSettled", "EffectGranted"]
    settled, granted = world.only(number, facts.EffectSettled), world.only(number, facts.EffectGranted)
    assert (settled.end, settled.basis, settled.spent) == ("lost", "bound", granted.reserved)
    assert (granted.effect, granted.grant, granted.worker) == (effect, 2, "effects-2")
    assert world.task(number).account.spent.tokens == 200


def test_an_aborted_call_that_had_started_counts_in_full_and_one_that_had_not_counts_nothing() -> None:
    world, number = at_work(Budget())
    started, unstarted = (world.ask(number, "a", THINK, key=key) for key in ("k1", "k2"))
    world.aborted(number, started, started=True)
    assert world.only(number, facts.EffectSettled).spent.tokens == 200
    world.aborted(number, unstarted, started=False)
    assert world.only(number, facts.EffectSettled).spent == Amounts()


# The arithmetic of bounds.

demands = st.builds(
    Demand,
    kind=st.just("model"),
    name=st.just("m"),
    prompt_tokens=st.integers(0, 5_000),
    max_output_tokens=st.integers(0, 5_000),
)
offers = st.builds(
    ModelOffer,
    model=st.just("m"),
    input_usd_micros_per_mtok=st.integers(0, 10**8),
    output_usd_micros_per_mtok=st.integers(0, 10**8),
    max_output_tokens=st.integers(1, 4_000),
)
spendings = st.builds(Amounts, tokens=st.integers(0, 6_000), spend_usd_micros=st.integers(0, 500_000))
accounts = st.builds(
    Account,
    budget=st.builds(
        Budget,
        tokens=st.none() | st.integers(0, 20_000),
        spend_usd_micros=st.none() | st.integers(0, 1_000_000),
        model_calls=st.none() | st.integers(0, 3),
    ),
    spent=spendings,
    reserved=spendings,
)


@given(demands, offers, st.lists(accounts, min_size=1, max_size=3))
def test_the_output_limit_that_is_found_is_the_greatest_that_fits(
    demand: Demand, offer: ModelOffer, given_accounts: list[Account]
) -> None:
    named = tuple((f"scope {place}", account) for place, account in enumerate(given_accounts))
    wanted = max(1, min(demand.max_output_tokens, offer.max_output_tokens))
    found, lacking = fitting_output_tokens(demand, offer, named, 0)
    if lacking is None:
        assert 1 <= found <= wanted
        assert shortage(model_bound(demand, offer, found), named, 0) is None
        assert found == wanted or shortage(model_bound(demand, offer, found + 1), named, 0) is not None
    elif not lacking.passing:
        least = model_bound(demand, offer, min(wanted, MIN_OUTPUT_TOKENS))
        blocked = shortage(least, named, 0)
        assert blocked is not None
    else:
        assert shortage(model_bound(demand, offer, wanted), named, 0) is not None


def test_a_small_call_does_not_wait_behind_a_large_one_that_still_finds_no_room() -> None:
    # Given two calls in flight, and behind them one that needs much and one that needs little
    world = World()
    world.everybody()
    number = world.submit(plan=ONE, budget=limited(tokens=500))
    begun = world.ask(number, "a", THINK, key="k1")
    world.ask(number, "a", THINK, key="k2")
    large = world.ask(
        number, "a", ModelCall(purpose="think", prompt="y" * 236, max_output_tokens=100), key="k3"
    )
    small = world.ask(number, "a", THINK, key="k4")
    assert {world.effect(number, seq).waits_for for seq in (large, small)} == {"reservations"}
    # When one ends, and what it leaves is enough for the little one alone
    world.completed(number, begun, Amounts(tokens=20, model_calls=1))
    # Then that one begins
    assert world.only(number, facts.EffectGranted).effect == small
    assert world.effect(number, large).state == "held"


def test_a_raise_lets_go_on_at_once_what_waited_for_others_reservations() -> None:
    world = World()
    world.everybody()
    number = world.submit(plan=ONE, budget=limited(tokens=300))
    world.ask(number, "a", THINK, key="k1")
    waits = world.ask(number, "a", THINK, key="k2")
    assert world.effect(number, waits).waits_for == "reservations"
    world.more(number, tokens=100)
    assert world.kinds(number) == ["LimitRaised", "EffectGranted"]


@given(demands, offers, st.integers(1, 4_000))
def test_a_bound_is_never_below_the_price_of_what_it_bounds(
    demand: Demand, offer: ModelOffer, output_tokens: int
) -> None:
    bound = model_bound(demand, offer, output_tokens)
    assert offer.input_usd_micros_per_mtok is not None
    assert offer.output_usd_micros_per_mtok is not None
    read = demand.prompt_tokens * offer.input_usd_micros_per_mtok
    written = output_tokens * offer.output_usd_micros_per_mtok
    assert bound.spend_usd_micros * 1_000_000 >= read + written
    assert bound.tokens >= demand.prompt_tokens + output_tokens
    assert bound.model_calls == 1


def test_an_absurd_price_is_bounded_by_what_can_be_written() -> None:
    dear = ModelOffer(model="m", input_usd_micros_per_mtok=MOST, output_usd_micros_per_mtok=MOST)
    demand = Demand(kind="model", name="m", prompt_tokens=10**6, max_output_tokens=30_000)
    assert model_bound(demand, dear, 30_000).spend_usd_micros == MOST
    assert MODEL.input_usd_micros_per_mtok == 1_000_000
