"""What providers say they counted, in the shapes in which each says it, and what is settled for it."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from interlock.contracts.effect import Bill
from interlock.contracts.message import Json
from interlock.effects.models.billing import anthropic_usage, billed, openai_usage
from interlock.effects.prices import PriceList
from interlock.effects.settings import EffectSettings, Endpoint, read_settings
from interlock.effects.usage import Usage

XAI_URL, GOOGLE_URL = "https://api.x.ai/v1", "https://generativelanguage.googleapis.com/v1beta/openai"
DEEPSEEK_URL, OPENAI_URL = "https://api.deepseek.com/v1", "https://api.openai.com/v1"

REASONED: Json = {
    "prompt_tokens": 1_200,
    "completion_tokens": 800,
    "total_tokens": 2_000,
    "prompt_tokens_details": {"cached_tokens": 1_024, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 640, "accepted_prediction_tokens": 0},
}
CACHE_WRITTEN: Json = {
    "prompt_tokens": 3_300,
    "completion_tokens": 10,
    "total_tokens": 3_310,
    "prompt_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 3_207},
}
REASONED_OUTSIDE: Json = {
    "prompt_tokens": 32,
    "completion_tokens": 9,
    "total_tokens": 241,
    "prompt_tokens_details": {"text_tokens": 32, "cached_tokens": 4},
    "completion_tokens_details": {"reasoning_tokens": 200},
}
THOUGHT_UNTOLD: Json = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 115}
CACHE_HIT: Json = {
    "prompt_tokens": 100,
    "completion_tokens": 20,
    "total_tokens": 120,
    "prompt_cache_hit_tokens": 64,
    "prompt_cache_miss_tokens": 36,
}
PLAIN: Json = {"prompt_tokens": 11, "completion_tokens": 4, "prompt_tokens_details": None}


@pytest.mark.parametrize(
    ("told", "usage"),
    [
        (REASONED, Usage(1_200, 800, cache_read_tokens=1_024, reasoning_tokens=640)),
        (CACHE_WRITTEN, Usage(3_300, 10, cache_write_tokens=3_207)),
        (REASONED_OUTSIDE, Usage(32, 209, cache_read_tokens=4, reasoning_tokens=200)),
        (THOUGHT_UNTOLD, Usage(10, 105)),
        (CACHE_HIT, Usage(100, 20, cache_read_tokens=64)),
        (PLAIN, Usage(11, 4)),
    ],
    ids=["reasoned", "cache written", "reasoned outside", "thought untold", "cache hit", "plain"],
)
def test_a_chat_completions_usage_is_read_as_it_is_billed(told: Json, usage: Usage) -> None:
    assert openai_usage(told, "") == usage


def test_an_anthropic_usage_adds_what_stands_beside_the_input() -> None:
    told: Json = {
        "input_tokens": 50,
        "cache_read_input_tokens": 1_800,
        "cache_creation_input_tokens": 248,
        "cache_creation": {"ephemeral_5m_input_tokens": 148, "ephemeral_1h_input_tokens": 100},
        "output_tokens": 503,
        "output_tokens_details": {"thinking_tokens": 400},
        "service_tier": "standard",
        "inference_geo": "us",
    }
    assert anthropic_usage(told) == Usage(
        input_tokens=2_098,
        output_tokens=503,
        cache_read_tokens=1_800,
        cache_write_tokens=248,
        cache_write_1h_tokens=100,
        reasoning_tokens=400,
        region="us",
    )


@pytest.mark.parametrize("told", [{}, {"prompt_tokens": 3}, {"prompt_tokens": "3", "completion_tokens": -1}])
def test_what_is_not_told_is_not_made_up(told: Json) -> None:
    assert openai_usage(told, None) is None
    assert anthropic_usage(told) is None


def list_at(url: str) -> PriceList:
    settings = read_settings({})
    return PriceList(
        msgspec.structs.replace(settings, openai=Endpoint(url, "OPENAI_BASE_URL", "OPENAI_API_KEY"))
    )


@pytest.mark.parametrize(
    ("model", "url", "told", "micros"),
    [
        # 176 at 0.25, 1,024 at 0.025, 800 at 2.00 dollars a million
        ("openai/gpt-5-mini", OPENAI_URL, REASONED, 1_670),
        # 93 at 1.00, 3,207 at 1.25, 10 at 5.00
        ("openai/gpt-6.1-terra", OPENAI_URL, CACHE_WRITTEN, 4_152),
        # 28 at 3.00, 4 at 0.75, 209 at 15.00
        ("openai/grok-4", XAI_URL, REASONED_OUTSIDE, 3_222),
    ],
)
def test_a_bill_is_the_sum_of_its_kinds_of_tokens(model: str, url: str, told: Json, micros: int) -> None:
    cost = billed(list_at(url), model, openai_usage(told, "default"))
    assert cost.used is not None
    assert cost.used.spend_usd_micros == micros
    assert cost.bill.price_source.startswith("genai-prices ")


def test_without_a_usage_the_bill_says_that_the_reservation_counts(settings: EffectSettings) -> None:
    cost = billed(PriceList(settings), "openai/tiny", None)
    assert cost.used is None
    assert cost.bill == Bill(basis="bound", price_source=cost.bill.price_source)


MODELS = (
    ("openai/gpt-4o", OPENAI_URL),
    ("openai/gpt-5-mini", OPENAI_URL),
    ("openai/gpt-6.1-terra", OPENAI_URL),
    ("openai/o3", OPENAI_URL),
    ("anthropic/claude-haiku-5-5", OPENAI_URL),
    ("anthropic/claude-sonnet-4-5", OPENAI_URL),
    ("anthropic/claude-opus-5-5", OPENAI_URL),
    ("openai/deepseek-chat", DEEPSEEK_URL),
    ("openai/grok-4", XAI_URL),
    ("openai/gemini-2.5-pro", GOOGLE_URL),
)
LISTS = {url: list_at(url) for _, url in MODELS}


@hypothesis_settings(deadline=None)  # the first example loads the prices
@given(
    model=st.sampled_from(MODELS),
    prompt=st.integers(0, 400_000),
    output=st.integers(1, 32_768),
    shares=st.tuples(*[st.floats(0, 1)] * 5),
    region=st.sampled_from(["", "us"]),
)
def test_nothing_that_stays_within_its_tokens_is_settled_above_what_was_reserved(
    model: tuple[str, str], prompt: int, output: int, shares: tuple[float, ...], region: str
) -> None:
    name, url = model
    # Given any split of at most the reserved tokens among the kinds
    read, answered, cached, written, thought = shares
    input_tokens, output_tokens = int(prompt * read), int(output * answered)
    cache_read = int(input_tokens * cached)
    usage = Usage(
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        cache_read_tokens=cache_read,
        cache_write_tokens=int((input_tokens - cache_read) * written),
        reasoning_tokens=int(output_tokens * thought),
        region=region,
    )
    # When it is priced, then it costs at most the bound, and a usage that makes no sense does too
    bound: Any = LISTS[url].bound_usd_micros(name, prompt, output)
    assert bound is not None
    assert LISTS[url].spend_usd_micros(name, usage) <= bound
    nonsense = msgspec.structs.replace(usage, cache_read_tokens=input_tokens + 1)
    assert LISTS[url].spend_usd_micros(name, nonsense) <= bound
