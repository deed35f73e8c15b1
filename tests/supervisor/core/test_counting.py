"""A prompt whose bytes do not fit is granted less and counted, once; by its count it runs, waits or parks."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.supervisor.core.world import COUNTING, ONE, PARKED, World, all_of, limited

from interlock.contracts import facts
from interlock.contracts.budget import NOTHING, Amounts, Budget
from interlock.contracts.effect import EffectCounted, ModelCall
from interlock.contracts.facts import Demand
from interlock.contracts.presence import ModelOffer, PriceUpTo
from interlock.supervisor.core.account import Account
from interlock.supervisor.core.bounds import (
    fitting_if_counted,
    fitting_output_tokens,
    may_count,
    model_bound,
    prompt_bound,
    shortage,
)
from interlock.supervisor.dispatches import do_effect

OVERHEAD = COUNTING.prompt_overhead_tokens
LONG = ModelCall(purpose="think", prompt="x" * 4_000, model=COUNTING.model, max_output_tokens=100)
"""By its bytes 4,064 tokens in; at least 1,064 of them are reserved for it to be counted."""
LEAST = OVERHEAD + 1_000


def at_work(offer: ModelOffer = COUNTING, **limits: int) -> tuple[World, int]:
    world = World()
    world.agent("researcher-1")
    world.worker(models=(offer,))
    return world, world.submit(plan=ONE, budget=limited(**limits))


def granted(world: World, number: int) -> facts.EffectGranted:
    (fact,) = [one for one in world.said(number) if isinstance(one, facts.EffectGranted)]
    return fact


@pytest.mark.parametrize(
    ("limit", "prompt_tokens", "output_tokens"),
    [(3_000, 2_900, 100), (LEAST + 100, LEAST, 100), (LEAST + 16, LEAST, 16)],
    ids=["as_much_as_fits", "the_least_prompt", "less_output"],
)
def test_a_prompt_that_is_too_long_by_its_bytes_is_granted_what_fits(
    limit: int, prompt_tokens: int, output_tokens: int
) -> None:
    world, number = at_work(tokens=limit)
    world.ask(number, "a", LONG)
    fact = granted(world, number)
    assert (fact.to_count, fact.max_output_tokens) == (True, output_tokens)
    assert fact.reserved.tokens == prompt_tokens + output_tokens
    assert fact.reserved.spend_usd_micros == prompt_tokens + 2 * output_tokens
    assert (fact.demand.prompt_tokens, fact.demand.counted_tokens) == (4_000, None)


def test_money_that_is_too_little_for_the_bytes_is_a_reason_to_count_too() -> None:
    world, number = at_work(spend_usd_micros=3_000)
    world.ask(number, "a", LONG)
    fact = granted(world, number)
    assert fact.to_count
    assert fact.reserved == Amounts(tokens=2_900, spend_usd_micros=3_000, model_calls=1)


@pytest.mark.parametrize(
    ("offer", "limits"),
    [
        (COUNTING, {"tokens": LEAST + 15}),
        (COUNTING, {"model_calls": 0}),
        (COUNTING, {"tokens": 3_000, "model_calls": 0}),
        (replace(COUNTING, counts=False), {"tokens": 3_000}),
    ],
    ids=["less_than_the_least", "another_limit", "another_limit_too", "nobody_counts"],
)
def test_where_counting_cannot_help_the_task_parks(offer: ModelOffer, limits: dict[str, int]) -> None:
    world, number = at_work(offer, **limits)
    world.ask(number, "a", LONG)
    assert world.kinds(number) == ["EffectHeld", *PARKED]


def test_a_prompt_that_fits_by_its_bytes_is_not_counted() -> None:
    world, number = at_work(tokens=4_064 + 16)
    world.ask(number, "a", LONG)
    fact = granted(world, number)
    assert (fact.to_count, fact.max_output_tokens) == (False, 16)


def test_a_prompt_that_would_fit_without_others_waits_for_them_before_it_is_counted() -> None:
    # Given a call in flight that leaves less than the least share
    world, number = at_work(tokens=3_000)
    first = world.ask(number, "a", replace(LONG, prompt="y" * 2_000))
    # When a long one is asked for
    second = world.ask(number, "a", LONG, key="k2")
    assert world.only(number, facts.EffectHeld).waits_for == "reservations"
    # Then it is granted when the other has ended
    world.completed(number, first, Amounts(tokens=10, model_calls=1))
    fact = granted(world, number)
    assert (fact.effect, fact.to_count) == (second, True)


def test_a_count_that_fits_is_settled_as_usual() -> None:
    world, number = at_work(tokens=3_000)
    seq = world.ask(number, "a", LONG)
    world.completed(number, seq, Amounts(tokens=900, spend_usd_micros=950, model_calls=1))
    assert world.kinds(number) == ["EffectSettled"]
    assert world.task(number).account.spent.tokens == 900
    assert world.task(number).account.reserved == NOTHING


def test_by_its_count_an_effect_is_granted_with_less_output() -> None:
    # Given a prompt for which 1,064 tokens are reserved
    world, number = at_work(tokens=LEAST + 100)
    seq = world.ask(number, "a", LONG)
    order = do_effect(world.task(number), world.effect(number, seq), "i", LONG, 1)
    assert (order.to_count, order.counted_tokens) == (True, 0)
    # When it turns out to have 40 more
    world.counted(number, seq, LEAST + 40)
    # Then nothing is spent, and the same effect is granted with the output that is left
    assert world.kinds(number) == ["EffectSettled", "EffectGranted"]
    settled = world.only(number, facts.EffectSettled)
    assert (settled.end, settled.basis, settled.spent) == ("counted", "nothing", NOTHING)
    fact = granted(world, number)
    assert (fact.effect, fact.grant, fact.to_count, fact.max_output_tokens) == (seq, 2, False, 60)
    assert (fact.reserved.tokens, fact.demand.counted_tokens) == (LEAST + 100, LEAST + 40)
    # And its worker is told the count, so that nobody counts again
    order = do_effect(world.task(number), world.effect(number, seq), "i", LONG, 1)
    assert (order.to_count, order.counted_tokens) == (False, LEAST + 40)
    world.completed(number, seq, Amounts(tokens=1_104, model_calls=1))
    assert world.task(number).account.reserved == NOTHING


def test_by_its_count_an_effect_parks_and_a_raise_continues_it() -> None:
    # Given a prompt that has more tokens than the task has left
    world, number = at_work(tokens=3_000)
    seq = world.ask(number, "a", LONG)
    world.counted(number, seq, 3_100)
    # Then the task parks, and says how many there are
    assert world.kinds(number) == ["EffectSettled", "EffectHeld", *PARKED]
    parked = world.only(number, facts.Parked)
    assert f"the prompt of effect {seq} has 3100 tokens, as its provider counts" in parked.reason
    assert parked.lack == facts.Lack(scope="task", dimension="tokens", limit=3_000, needed=3_116)
    # And a raise that does not suffice by the count parks again, one that does suffice grants
    world.more(number, tokens=115)
    assert world.kinds(number) == ["LimitRaised", "Resumed", "Resolved", "Parked", "Escalated"]
    world.more(number, tokens=1)
    fact = granted(world, number)
    assert (fact.effect, fact.reserved.tokens, fact.max_output_tokens, fact.to_count) == (
        seq,
        3_116,
        16,
        False,
    )


def test_by_its_count_an_effect_waits_for_the_reservations_of_others() -> None:
    world, number = at_work(tokens=5_000)
    other = world.ask(number, "a", replace(LONG, prompt="y" * 800), key="k2")
    seq = world.ask(number, "a", replace(LONG, prompt="x" * 8_000))
    assert granted(world, number).to_count
    world.counted(number, seq, 4_500)
    assert world.kinds(number) == ["EffectSettled", "EffectHeld"]
    assert world.only(number, facts.EffectHeld).waits_for == "reservations"
    world.completed(number, other, Amounts(tokens=20, model_calls=1))
    assert granted(world, number).reserved.tokens == 4_600


def test_what_nobody_could_count_parks_by_its_bytes_and_is_not_counted_again() -> None:
    world, number = at_work(tokens=3_000)
    seq = world.ask(number, "a", LONG)
    world.counted(number, seq, 0)
    parked = world.only(number, facts.Parked)
    assert parked.lack is not None
    assert parked.lack.needed == 4_064 + 16
    assert "provider counts" not in parked.reason
    world.more(number, tokens=1_000)
    assert world.kinds(number) == ["LimitRaised", "Resumed", "Resolved", "Parked", "Escalated"]
    world.more(number, tokens=80)
    assert granted(world, number).reserved.tokens == 4_080


def test_a_count_beyond_what_the_bytes_allow_counts_as_the_bytes() -> None:
    world, number = at_work(tokens=3_000)
    seq = world.ask(number, "a", LONG)
    world.counted(number, seq, 2**53)
    world.more(number, tokens=10_000)
    assert granted(world, number).reserved.tokens == 4_164


def test_a_count_is_not_believed_of_a_server_that_does_not_count() -> None:
    # Given a prompt that was counted, and parked with its count
    world, number = at_work(tokens=3_000)
    seq = world.ask(number, "a", LONG)
    world.counted(number, seq, 3_100)
    # When only a worker is left whose server may be another one
    world.bye("effects-1")
    world.worker("effects-2", models=(replace(COUNTING, counts=False),))
    world.more(number, tokens=10_000)
    # Then the bytes count
    assert granted(world, number).reserved.tokens == 4_164


def test_a_worker_lost_while_it_counts_is_settled_at_its_bound_and_another_counts() -> None:
    world, number = at_work(tokens=6_000)
    world.worker("effects-2", models=(COUNTING,))
    seq = world.ask(number, "a", replace(LONG, prompt="x" * 8_000))
    reserved = granted(world, number).reserved
    # When its worker is lost, then its smaller reservation counts in full
    world.more(number, tokens=5_000)
    world.bye(world.effect(number, seq).worker)
    settled = world.only(number, facts.EffectSettled)
    assert (settled.end, settled.spent) == ("lost", reserved)
    # And the effect is granted anew, still to be counted
    fact = granted(world, number)
    assert (fact.grant, fact.to_count, fact.worker) == (2, True, "effects-2")
    world.counted(number, seq, 4_900)
    assert granted(world, number).grant == 3


# Late, wrong, and after the end.


def counting() -> tuple[World, int, int]:
    world, number = at_work(tokens=3_000)
    return world, number, world.ask(number, "a", LONG)


@pytest.mark.parametrize(("who", "grant"), [("effects-2", 1), ("effects-1", 2), ("researcher-1", 1)], ids=str)
def test_who_does_not_have_the_grant_cannot_count(who: str, grant: int) -> None:
    world, number, seq = counting()
    before = world.state
    world.say(who, "effect", "counted", EffectCounted(effect=seq, grant=grant, prompt_tokens=2_950), number)
    assert world.kinds(number) == ["Refused", "AccessViolated"]
    assert world.state.tasks == before.tasks


def test_a_second_count_is_late() -> None:
    world, number, seq = counting()
    first = world.effect(number, seq)
    world.counted(number, seq, 2_950)
    assert granted(world, number).grant == 2
    late = EffectCounted(effect=seq, grant=first.grant, prompt_tokens=10)
    world.say(first.worker, "effect", "counted", late, number)
    assert world.kinds(number) == ["Refused"]
    assert world.effect(number, seq).demand.counted_tokens == 2_950


def test_a_count_that_was_not_asked_for_is_a_failure() -> None:
    world, number, seq = counting()
    world.counted(number, seq, 2_950)
    world.counted(number, seq, 2_960)
    settled = world.only(number, facts.EffectSettled)
    assert (settled.end, settled.basis, settled.spent) == ("failed", "nothing", NOTHING)
    assert world.task(number).account.reserved == NOTHING


def test_a_count_after_a_kill_frees_and_grants_nothing() -> None:
    world, number, seq = counting()
    worker, grant = world.effect(number, seq).worker, world.effect(number, seq).grant
    world.control("kill", number)
    world.say(worker, "effect", "counted", EffectCounted(effect=seq, grant=grant, prompt_tokens=9), number)
    assert world.kinds(number) == ["EffectSettled"]
    assert world.only(number, facts.EffectSettled).end == "aborted"
    assert world.task(number).account.reserved == NOTHING


def test_a_count_after_the_end_of_its_step_frees_and_grants_nothing() -> None:
    world, number, seq = counting()
    world.result(number, "a")
    world.counted(number, seq, 2_950)
    assert world.kinds(number) == ["EffectSettled"]
    assert world.only(number, facts.EffectSettled).end == "aborted"
    assert world.task(number).account.reserved == NOTHING


def test_a_count_in_a_paused_task_waits_for_its_resumption() -> None:
    world, number, seq = counting()
    world.control("pause", number)
    world.counted(number, seq, 2_950)
    assert world.kinds(number) == ["EffectSettled", "EffectHeld"]
    assert world.only(number, facts.EffectHeld).waits_for == "switch"
    world.control("resume", number)
    assert granted(world, number).demand.counted_tokens == 2_950


def test_a_count_while_its_step_is_handed_over_grants_to_the_new_attempt() -> None:
    world, number, seq = counting()
    world.agent("researcher-2")
    world.bye("researcher-1")
    world.counted(number, seq, 2_950)
    assert granted(world, number).effect == seq
    world.ask(number, "a", LONG)
    assert world.kinds(number) == ["EffectRepeated"]


# Whatever comes of it.


@settings(max_examples=150, deadline=None)
@given(
    limits=st.tuples(st.integers(0, 6_000), st.integers(0, 8_000)),
    prompts=st.lists(st.integers(0, 6_000), min_size=1, max_size=4),
    events=st.lists(
        st.tuples(
            st.sampled_from(["counted", "counted", "completed", "failed", "lost", "raise", "twice", "tick"]),
            st.integers(0, 3),
            st.integers(0, 7_000),
        ),
        max_size=14,
    ),
)
def test_limits_hold_an_effect_is_counted_once_and_nothing_stays_reserved(
    limits: tuple[int, int], prompts: list[int], events: list[tuple[str, int, int]]
) -> None:
    # Given calls of any length and limits of any size; the world checks each decision
    world, number = at_work(tokens=limits[0], spend_usd_micros=limits[1])
    effects = [
        world.ask(number, "a", replace(LONG, prompt="x" * prompt), key=f"k{place}")
        for place, prompt in enumerate(prompts)
        if world.step(number, "a").principal
    ]
    # When their workers count, end, or are lost in any order
    for what, place, amount in events:
        happens(world, number, effects[place % len(effects)], what, amount)
    # Then each was counted at most once
    counted = [one.effect for one in all_of(world.told, number, facts.EffectSettled) if one.end == "counted"]
    assert len(counted) == len(set(counted))
    # And when all have ended nothing stays reserved
    for _ in range(len(effects)):
        world.more(number, tokens=50_000, spend_usd_micros=50_000)
        for seq in effects:
            if world.effect(number, seq).state == "granted":
                world.completed(number, seq)
    assert {world.effect(number, seq).state for seq in effects} <= {"completed", "failed"}
    assert world.task(number).account.reserved == NOTHING


def happens(world: World, number: int, seq: int, what: str, amount: int) -> None:
    effect = world.effect(number, seq)
    if what == "raise":
        world.more(number, tokens=amount // 4, spend_usd_micros=amount // 4)
    elif what == "tick":
        world.tick(10)
    elif what == "lost":
        world.worker(models=(COUNTING,))
    elif effect.state != "granted":
        return
    elif what == "counted":
        if effect.to_count:
            world.counted(number, seq, amount)
    elif what == "twice":
        late = EffectCounted(effect=seq, grant=effect.grant - 1, prompt_tokens=amount)
        world.say(effect.worker, "effect", "counted", late, number)
    else:
        used = Amounts(tokens=min(amount, effect.reserved.tokens), model_calls=1)
        (world.completed if what == "completed" else world.failed)(number, seq, used)


@given(
    prompt_tokens=st.integers(0, 100_000),
    output_tokens=st.integers(1, 5_000),
    free=st.tuples(st.integers(0, 120_000), st.integers(0, 300_000)),
    reserved=st.integers(0, 2_000),
    tiered=st.booleans(),
)
def test_the_share_is_the_greatest_that_fits_with_the_whole_answer_or_the_least(
    *, prompt_tokens: int, output_tokens: int, free: tuple[int, int], reserved: int, tiered: bool
) -> None:
    tier = PriceUpTo(prompt_tokens=9_000, input_usd_micros_per_mtok=500_000, output_usd_micros_per_mtok=10**6)
    offer = replace(COUNTING, up_to=(tier,) if tiered else ())
    demand = Demand(kind="model", name="m", prompt_tokens=prompt_tokens, max_output_tokens=output_tokens)
    budget = Budget(tokens=free[0], spend_usd_micros=free[1])
    accounts: Any = (("task", Account(budget=budget, reserved=Amounts(tokens=reserved))),)
    _, by_bytes = fitting_output_tokens(demand, offer, accounts, 0)
    if by_bytes is None or not may_count(demand, offer, by_bytes):
        return
    share, output, lacking = fitting_if_counted(demand, offer, accounts, 0)
    least, found = OVERHEAD + -(-prompt_tokens // 4), prompt_bound(share, offer)
    if lacking is not None:
        assert found == least
        assert shortage(model_bound(share, offer, output_tokens), accounts, 0) is not None
        return
    assert least <= found < prompt_bound(demand, offer)
    assert shortage(model_bound(share, offer, output), accounts, 0) is None
    more_prompt = replace(share, counted_tokens=found + 1)
    assert found == least or output == output_tokens
    if output == output_tokens:
        assert shortage(model_bound(more_prompt, offer, output), accounts, 0) is not None
    else:
        assert shortage(model_bound(share, offer, output + 1), accounts, 0) is not None
