"""What a model costs: the user's file first, genai-prices next, and nothing is guessed."""

from pathlib import Path

import msgspec
import pytest

from interlock.effects.errors import BadSettings
from interlock.effects.prices import PriceList, Usage
from interlock.effects.settings import EffectSettings, Endpoint

OWN = """
[models."openai/local"]
price = "free"

[models."openai/gpt-4o"]
input_usd_per_mtok = 1.5
output_usd_per_mtok = 2.0000001
"""


@pytest.fixture
def own(tmp_path: Path, settings: EffectSettings) -> PriceList:
    path = tmp_path / "prices.toml"
    path.write_text(OWN)
    return PriceList(msgspec.structs.replace(settings, prices=path))


def test_the_offline_reasoner_costs_nothing(settings: EffectSettings) -> None:
    offer = PriceList(settings).offer("offline/extractive")
    assert (offer.input_usd_micros_per_mtok, offer.output_usd_micros_per_mtok) == (0, 0)
    assert offer.price_source == "runs here"


def test_a_known_model_has_the_published_price_and_its_day(settings: EffectSettings) -> None:
    offer = PriceList(settings).offer("openai/gpt-4o")
    assert (offer.input_usd_micros_per_mtok, offer.output_usd_micros_per_mtok) == (2_500_000, 10_000_000)
    assert offer.price_source.startswith("genai-prices ")


def test_of_a_tiered_price_the_dearest_bounds_the_call(settings: EffectSettings) -> None:
    offer = PriceList(settings).offer("anthropic/claude-sonnet-4-5")
    assert (offer.input_usd_micros_per_mtok, offer.output_usd_micros_per_mtok) == (6_000_000, 22_500_000)


def test_an_unknown_model_has_no_price_but_advice(settings: EffectSettings) -> None:
    offer = PriceList(settings).offer("openai/nobodys-model")
    assert offer.input_usd_micros_per_mtok is None
    assert '[models."openai/nobodys-model"]' in offer.price_source


def test_a_known_name_at_an_unknown_address_has_no_price(settings: EffectSettings) -> None:
    here = Endpoint("http://127.0.0.1:8099/v1", "OPENAI_BASE_URL", "OPENAI_API_KEY")
    offer = PriceList(msgspec.structs.replace(settings, openai=here)).offer("openai/gpt-4o")
    assert offer.input_usd_micros_per_mtok is None


def test_the_users_own_price_comes_first_and_is_rounded_up(own: PriceList) -> None:
    offer = own.offer("openai/gpt-4o")
    assert (offer.input_usd_micros_per_mtok, offer.output_usd_micros_per_mtok) == (1_500_000, 2_000_001)
    assert own.spend_usd_micros("openai/gpt-4o", Usage(1, 1)) == 4
    assert own.offer("openai/local").input_usd_micros_per_mtok == 0
    assert own.spend_usd_micros("openai/local", Usage(1_000, 1_000)) == 0
    assert own.named == ("openai/local", "openai/gpt-4o")


def test_cached_tokens_cost_what_the_provider_bills(settings: EffectSettings) -> None:
    prices = PriceList(settings)
    told = {
        "model": "gpt-4o",
        "usage": {
            "prompt_tokens": 1_000,
            "completion_tokens": 100,
            "prompt_tokens_details": {"cached_tokens": 500},
        },
    }
    assert prices.spend_usd_micros("openai/gpt-4o", Usage(1_000, 100)) == 3_500
    assert prices.spend_usd_micros("openai/gpt-4o", Usage(1_000, 100, told)) == 2_875


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("models = 3", "no list of prices"),
        ("[models", "no list of prices"),
        ('[models."a/b"]\nprice = "cheap"', "no list of prices"),
        ('[models."a/b"]\ninput_usd_per_mtok = 1', "needs either"),
        ('[models."a/b"]\nprice = "free"\ninput_usd_per_mtok = 1', "needs either"),
        ('[models."a/b"]\ninput_usd_per_mtok = -1\noutput_usd_per_mtok = 1', "no list of prices"),
    ],
)
def test_a_file_that_says_nothing_usable_is_refused(
    tmp_path: Path, settings: EffectSettings, text: str, complaint: str
) -> None:
    path = tmp_path / "prices.toml"
    path.write_text(text)
    with pytest.raises(BadSettings, match=complaint):
        PriceList(msgspec.structs.replace(settings, prices=path))


def test_a_file_that_is_not_there_is_named(tmp_path: Path, settings: EffectSettings) -> None:
    with pytest.raises(BadSettings, match=r"nowhere\.toml cannot be read"):
        PriceList(msgspec.structs.replace(settings, prices=tmp_path / "nowhere.toml"))
