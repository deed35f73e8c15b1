"""What is reserved for a model call: its text, what its server adds, the tier that applies; and its bill."""

import msgspec
import pytest
from tests.supervisor.core.world import MODEL, ONE, UNPRICED, World, limited

from interlock.contracts import facts
from interlock.contracts.budget import Amounts
from interlock.contracts.effect import Bill, EffectCompleted, EffectFailed, ModelCall
from interlock.contracts.facts import Demand
from interlock.contracts.presence import ModelOffer, PriceUpTo
from interlock.supervisor.core.bounds import model_bound

TIERED = ModelOffer(
    model="openai/long",
    input_usd_micros_per_mtok=5_000_000,
    output_usd_micros_per_mtok=9_000_000,
    up_to=(
        PriceUpTo(prompt_tokens=1_000, input_usd_micros_per_mtok=1_000_000, output_usd_micros_per_mtok=0),
        PriceUpTo(prompt_tokens=2_000, input_usd_micros_per_mtok=2_000_000, output_usd_micros_per_mtok=0),
    ),
    prompt_overhead_tokens=100,
)
USED = Amounts(tokens=30, model_calls=1, spend_usd_micros=40)


def demand(prompt_tokens: int) -> Demand:
    return Demand(kind="model", name=TIERED.model, prompt_tokens=prompt_tokens, max_output_tokens=10)


def at_work(offer: ModelOffer = MODEL) -> tuple[World, int]:
    world = World()
    world.agent("researcher-1")
    world.worker(models=(offer,))
    return world, world.submit(plan=ONE, budget=limited(tokens=10_000))


@pytest.mark.parametrize(
    ("prompt_tokens", "micros"), [(900, 1_000), (901, 2_002), (1_900, 4_000), (1_901, 2_001 * 5 + 90)]
)
def test_the_cheapest_tier_counts_whose_prompts_are_long_enough(prompt_tokens: int, micros: int) -> None:
    bound = model_bound(demand(prompt_tokens), TIERED, 10)
    assert (bound.spend_usd_micros, bound.tokens) == (micros, prompt_tokens + 100 + 10)


def test_a_sign_that_tokenizers_write_out_counts_as_written_out() -> None:
    # Given a prompt of one letter that a normal form makes eleven times as long
    world, number = at_work()
    world.ask(number, "a", ModelCall(purpose="p", prompt="\ufdfa", max_output_tokens=20))
    granted = world.only(number, facts.EffectGranted)
    assert granted.reserved.tokens == 33 + MODEL.prompt_overhead_tokens + 20


@pytest.mark.parametrize("kind", [EffectCompleted, EffectFailed])
def test_a_provider_that_tells_no_usage_is_settled_at_the_bound_and_the_fact_says_so(
    kind: type[EffectCompleted | EffectFailed],
) -> None:
    world, number = at_work()
    seq = world.ask(number, "a", ModelCall(purpose="p", prompt="p", max_output_tokens=20))
    effect = world.effect(number, seq)
    bill = Bill(basis="bound")
    body = (
        EffectCompleted(effect=seq, grant=effect.grant, value=msgspec.Raw(b"1"), used=USED, bill=bill)
        if kind is EffectCompleted
        else EffectFailed(effect=seq, grant=effect.grant, transient=True, message="500", used=USED, bill=bill)
    )
    world.say(effect.worker, "effect", "completed" if kind is EffectCompleted else "failed", body, number)
    settled = world.only(number, facts.EffectSettled)
    assert (settled.basis, settled.spent) == ("bound", effect.reserved)


def test_a_bill_of_the_providers_own_count_is_settled_by_it() -> None:
    world, number = at_work()
    seq = world.ask(number, "a", ModelCall(purpose="p", prompt="p", max_output_tokens=20))
    effect = world.effect(number, seq)
    body = EffectCompleted(effect=seq, grant=effect.grant, value=msgspec.Raw(b"1"), used=USED, bill=Bill())
    world.say(effect.worker, "effect", "completed", body, number)
    settled = world.only(number, facts.EffectSettled)
    assert (settled.basis, settled.spent) == ("actual", USED)


def test_a_model_without_a_price_is_refused_with_the_workers_advice() -> None:
    advice = "no price is known for new/unpriced: write it into prices.toml"
    world, number = at_work(msgspec.structs.replace(UNPRICED, price_source=advice))
    world.ask(number, "a", ModelCall(purpose="p", prompt="p"))
    assert world.only(number, facts.EffectDenied).reason == advice
