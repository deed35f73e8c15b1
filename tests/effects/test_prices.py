"""What a model costs: the user's file first, the published prices next, and nothing is guessed."""

from pathlib import Path

import msgspec
import pytest

from interlock.effects.prices import PriceList
from interlock.effects.settings import EffectSettings, Endpoint
from interlock.effects.usage import Usage

OWN = """
[models."openai/local"]
price = "free"
prompt_overhead_tokens = 700

[models."openai/gpt-4o"]
input_usd_per_mtok = 1.5
output_usd_per_mtok = 2.0000001
"""


@pytest.fixture
def unpriced(settings: EffectSettings) -> EffectSettings:
    return msgspec.structs.replace(settings, prices=None)


@pytest.fixture
def own(tmp_path: Path, settings: EffectSettings) -> PriceList:
    path = tmp_path / "prices.toml"
    path.write_text(OWN)
    return PriceList(msgspec.structs.replace(settings, prices=path))


def test_what_runs_here_costs_nothing_and_says_so(unpriced: EffectSettings) -> None:
    offer = PriceList(unpriced).offer("offline/extractive")
    assert (offer.input_usd_micros_per_mtok, offer.output_usd_micros_per_mtok) == (0, 0)
    assert offer.price_source.startswith("free: ")
    assert PriceList(unpriced).spend_usd_micros("offline/extractive", Usage(9, 9)) == 0


def test_a_known_model_has_the_published_price(unpriced: EffectSettings) -> None:
    offer = PriceList(unpriced).offer("openai/gpt-4o")
    assert (offer.input_usd_micros_per_mtok, offer.output_usd_micros_per_mtok) == (2_500_000, 10_000_000)
    assert offer.price_source.startswith("genai-prices ")


def test_an_offer_ignored_by_half_is_still_a_bound(unpriced: EffectSettings) -> None:
    # Given a model whose long prompts are dearer
    prices = PriceList(unpriced)
    offer = prices.offer("anthropic/claude-haiku-5-5")
    (tier,) = offer.up_to
    # Then the dearest price stands where everybody reads it, and the cheaper one beside its condition
    assert tier.prompt_tokens == 100_000
    assert offer.input_usd_micros_per_mtok is not None
    assert tier.input_usd_micros_per_mtok * 5 == offer.input_usd_micros_per_mtok
    assert prices.bound_usd_micros(offer.model, 100_000, 0) == tier.input_usd_micros_per_mtok // 10
    assert prices.bound_usd_micros(offer.model, 1_000_000, 0) == offer.input_usd_micros_per_mtok


def test_an_unknown_model_is_refused_with_the_lines_to_write(unpriced: EffectSettings) -> None:
    offer = PriceList(unpriced).offer("openai/nobodys-model")
    assert offer.input_usd_micros_per_mtok is None
    for part in (
        "no price is known for the model openai/nobodys-model",
        "INTERLOCK_PRICES",
        '[models."openai/nobodys-model"]',
        "input_usd_per_mtok = ",
        "output_usd_per_mtok = ",
        'price = "free"',
    ):
        assert part in offer.price_source


def test_the_file_to_write_into_is_named(own: PriceList) -> None:
    assert "prices.toml" in own.offer("openai/nobodys-model").price_source


def test_a_known_name_at_an_unknown_address_has_no_price(unpriced: EffectSettings) -> None:
    here = Endpoint("http://127.0.0.1:8099/v1", "OPENAI_BASE_URL", "OPENAI_API_KEY")
    prices = PriceList(msgspec.structs.replace(unpriced, openai=here))
    assert prices.offer("openai/gpt-4o").input_usd_micros_per_mtok is None
    assert "127.0.0.1:8099" in prices.offer("openai/gpt-4o").price_source
    assert prices.bound_usd_micros("openai/gpt-4o", 1, 1) is None


def test_the_users_own_price_comes_first_and_is_rounded_up(own: PriceList) -> None:
    offer = own.offer("openai/gpt-4o")
    assert (offer.input_usd_micros_per_mtok, offer.output_usd_micros_per_mtok) == (1_500_000, 2_000_001)
    assert own.spend_usd_micros("openai/gpt-4o", Usage(1, 1)) == 4
    assert own.offer("openai/local").input_usd_micros_per_mtok == 0
    assert own.spend_usd_micros("openai/local", Usage(1_000, 1_000)) == 0
    assert own.named == ("openai/local", "openai/gpt-4o")


def test_what_a_server_adds_is_the_users_to_say(own: PriceList) -> None:
    said, unsaid = own.offer("openai/local"), own.offer("openai/gpt-4o")
    assert own.template_tokens("openai/local") == 700
    assert said.prompt_overhead_tokens > 700
    assert unsaid.prompt_overhead_tokens == own.template_tokens("openai/gpt-4o") + (
        said.prompt_overhead_tokens - 700
    )


@pytest.mark.parametrize("price", ["", 'price = "free"'])
def test_a_file_says_where_a_model_runs_and_which_data_it_may_be_given(
    tmp_path: Path, settings: EffectSettings, price: str
) -> None:
    path = tmp_path / "where.toml"
    table = f'[models."openai/gpt-5-mini"]\n{price}\nregion = "eu"\ndata_class = "confidential"'
    path.write_text(table)
    prices = PriceList(msgspec.structs.replace(settings, prices=path))
    offer = prices.offer("openai/gpt-5-mini")
    assert (offer.region, offer.data_class) == ("eu", "confidential")
    # And without a price in it, the published one holds
    assert bool(offer.input_usd_micros_per_mtok) == (not price)
    assert bool(prices.spend_usd_micros("openai/gpt-5-mini", Usage(10**6, 0))) == (not price)
    elsewhere = prices.offer("openai/gpt-5")
    assert (elsewhere.region, elsewhere.data_class) == ("", "internal")
