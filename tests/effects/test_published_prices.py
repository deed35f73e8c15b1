"""The published prices: the highest bounds a call, and what was billed is what its tokens cost by kind."""

from datetime import date, time

import pytest
from genai_prices.types import ConditionalPrice, ModelPrice, StartDateConstraint, TimeOfDateConstraint

from interlock.effects.published_prices import Published, find, from_today_on, spend_usd_micros
from interlock.effects.settings import ANTHROPIC_URL, OPENAI_URL
from interlock.effects.usage import Usage

DEEPSEEK_URL = "https://api.deepseek.com/v1"
TODAY = date(2026, 11, 22)
CHEAP, DEAR = ModelPrice(), ModelPrice()


def dearest(name: str, url: str) -> tuple[int, int]:
    found = find(name, url)
    assert isinstance(found, Published), found
    last = found.tiers[-1]
    return last.input_usd_micros_per_mtok, last.output_usd_micros_per_mtok


def test_the_price_of_writing_to_a_cache_bounds_where_the_provider_caches_by_itself() -> None:
    found = find("gpt-6.1-terra", OPENAI_URL)
    assert isinstance(found, Published)
    # Given 1.00 dollars for input and 1.25 for writing it to the cache
    assert found.tiers[0].input_usd_micros_per_mtok == 1_250_000
    assert found.tiers[0].up_to_tokens == 272_000


def test_of_hours_of_the_day_the_dearest_bounds() -> None:
    assert dearest("deepseek-chat", DEEPSEEK_URL) == (270_000, 1_100_000)


def test_work_that_must_stay_in_one_country_is_bounded_and_billed_a_tenth_dearer() -> None:
    assert dearest("claude-opus-5-5", ANTHROPIC_URL) == (5_500_000, 22_000_000)
    at_home = spend_usd_micros("claude-opus-5-5", ANTHROPIC_URL, Usage(1_000, 100, region="us"))
    anywhere = spend_usd_micros("claude-opus-5-5", ANTHROPIC_URL, Usage(1_000, 100, region="global"))
    assert (at_home, anywhere) == (6_600, 6_000)


def test_a_price_says_where_it_stands_how_old_it_can_be_and_of_which_day_it_is() -> None:
    found = find("gpt-4o", OPENAI_URL)
    assert isinstance(found, Published)
    assert found.source.startswith("genai-prices ")
    assert "prices up to 20" in found.source
    assert "as of 20" in found.source


@pytest.mark.parametrize(
    ("name", "url", "reason"),
    [
        ("gpt-4o-but-better", OPENAI_URL, "knows no price"),
        ("gpt-4o", "https://example.org/v1", "knows no price"),
        ("sonar", "https://api.perplexity.ai", "a fee beside its tokens"),
        ("gpt-4o-search-preview", OPENAI_URL, "a fee beside its tokens"),
        ("text-embedding-3-small", OPENAI_URL, "no price of its input or its output"),
    ],
)
def test_what_cannot_be_bounded_has_no_price(name: str, url: str, reason: str) -> None:
    found = find(name, url)
    assert isinstance(found, str)
    assert reason in found


@pytest.mark.parametrize(
    ("usage", "micros"),
    [
        (Usage(1_000, 100), 3_500),
        (Usage(1_000, 100, cache_read_tokens=500), 2_875),
        (Usage(1, 0), 3),
    ],
)
def test_cached_tokens_cost_what_the_provider_bills(usage: Usage, micros: int) -> None:
    assert spend_usd_micros("gpt-4o", OPENAI_URL, usage) == micros


def test_anthropics_cache_writes_cost_by_how_long_they_last() -> None:
    minutes = Usage(1_000, 0, cache_write_tokens=1_000)
    an_hour = Usage(1_000, 0, cache_write_tokens=1_000, cache_write_1h_tokens=1_000)
    assert spend_usd_micros("claude-sonnet-4-5", ANTHROPIC_URL, minutes) == 3_750
    assert spend_usd_micros("claude-sonnet-4-5", ANTHROPIC_URL, an_hour) == 6_000


def test_a_dearer_service_tier_is_billed_as_such() -> None:
    usual, soon = Usage(1_000, 0, service_tier="default"), Usage(1_000, 0, service_tier="priority")
    usual_micros = spend_usd_micros("o3", OPENAI_URL, usual)
    soon_micros = spend_usd_micros("o3", OPENAI_URL, soon)
    assert usual_micros is not None
    assert soon_micros is not None
    assert soon_micros > usual_micros


def test_counts_that_contradict_each_other_have_no_price() -> None:
    assert spend_usd_micros("gpt-4o", OPENAI_URL, Usage(10, 1, cache_read_tokens=11)) is None


def test_only_prices_that_may_still_come_count() -> None:
    over = ConditionalPrice(None, prices=CHEAP)
    held = ConditionalPrice(StartDateConstraint(date(2026, 1, 1)), prices=DEAR)
    at_night = ConditionalPrice(TimeOfDateConstraint(time(22), time(6)), prices=CHEAP)
    to_come = ConditionalPrice(StartDateConstraint(date(2027, 1, 1)), prices=CHEAP)
    counted = list(from_today_on([over, held, at_night, to_come], TODAY))
    assert [id(price) for price in counted] == [id(CHEAP), id(CHEAP), id(DEAR)]
