"""The published prices that genai-prices collects: what may be billed at most, and what was billed.

A price counts only at the address of the provider whose it is. It knows nothing of grants.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from importlib.metadata import version
from math import ceil
from typing import Any

import msgspec
from genai_prices import Usage as Counted
from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import ConditionalPrice, ModelPrice, StartDateConstraint, TieredPrices

from interlock.bus.clock import now_ms
from interlock.effects.usage import MICROS, Usage

# Providers cache as they like, so writing to a cache may be billed for any prompt; for a whole hour it is
# only on a request's own wish, which is never uttered here.
_INPUT_KEYS = ("input_mtok", "input_text_mtok", "cache_read_mtok", "cache_write_mtok", "cache_write_5m_mtok")
_OUTPUT_KEYS = ("output_mtok", "output_text_mtok", "output_reasoning_mtok", "output_citation_mtok")
# What a request costs beside its tokens, where the provider always does it.
_ALWAYS_BILLED = ("requests_kcount",)
_ALWAYS_SEARCHES = "-search-"
# Work that stays in one country costs a tenth more, and a workspace may have that as its default:
# https://platform.claude.com/docs/en/manage-claude/data-residency
_REGIONAL = {"anthropic": Decimal("1.1")}
_NO_REGION = frozenset({"", "global", "not_available"})


class Tier(msgspec.Struct, frozen=True):
    """Micro-dollars for a million tokens while the prompt has at most so many (None: however many)."""

    up_to_tokens: int | None
    input_usd_micros_per_mtok: int
    output_usd_micros_per_mtok: int


class Published(msgspec.Struct, frozen=True):
    """A model's highest prices, the shortest prompts first; the last tier holds for every prompt."""

    tiers: tuple[Tier, ...]
    source: str


def find(name: str, url: str) -> Published | str:
    """Return the highest prices of a model at an address from today on, or why there are none."""
    today = datetime.fromtimestamp(now_ms() / 1000, UTC).date()
    return _find(name, url, today)


def spend_usd_micros(name: str, url: str, usage: Usage) -> int | None:
    """Return what a usage is billed, rounded up, or None when it cannot be priced as it is told."""
    counted = Counted(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cache_read_tokens=usage.cache_read_tokens or None,
        cache_write_tokens=usage.cache_write_tokens or None,
        cache_write_1h_tokens=usage.cache_write_1h_tokens or None,
        output_reasoning_tokens=usage.reasoning_tokens or None,
    )
    now = datetime.fromtimestamp(now_ms() / 1000, UTC)
    context = {"service_tier": usage.service_tier} if usage.service_tier else None
    try:
        calculation = get_snapshot().calc(counted, name, None, url, now, context)
    except (LookupError, ValueError):
        return None
    regional = usage.region not in _NO_REGION
    factor = _REGIONAL.get(calculation.provider.id, Decimal(1)) if regional else Decimal(1)
    return ceil(calculation.total_price * factor * MICROS)


@lru_cache(maxsize=256)
def _find(name: str, url: str, today: date) -> Published | str:
    try:
        provider, model = get_snapshot().find_provider_model(name, None, None, url)
    except LookupError:
        return f"genai-prices {version('genai-prices')} knows no price of it at {url}"
    prices = tuple(from_today_on(model.prices, today))
    fee = any(getattr(price, key) for price in prices for key in _ALWAYS_BILLED)
    if fee or _ALWAYS_SEARCHES in name:
        return "each call of it has a fee beside its tokens, which is not counted here"
    factor = _REGIONAL.get(provider.id, Decimal(1))
    limits: list[int | None] = [*sorted(set(_starts(prices))), None]
    tiers = tuple(
        Tier(
            limit, _highest(prices, _INPUT_KEYS, limit, factor), _highest(prices, _OUTPUT_KEYS, limit, factor)
        )
        for limit in limits
    )
    if not tiers[-1].input_usd_micros_per_mtok or not tiers[-1].output_usd_micros_per_mtok:
        return f"genai-prices {version('genai-prices')} has no price of its input or its output"
    source = f"genai-prices {version('genai-prices')}, prices up to {_newest(today)}, as of {today}"
    return Published(tuple(tier for at, tier in enumerate(tiers) if not _same(tier, tiers[at + 1 :])), source)


def _same(tier: Tier, dearer: tuple[Tier, ...]) -> bool:
    """Tell whether the next tier costs the same, so that this one says nothing."""
    return bool(dearer) and (tier.input_usd_micros_per_mtok, tier.output_usd_micros_per_mtok) == (
        dearer[0].input_usd_micros_per_mtok,
        dearer[0].output_usd_micros_per_mtok,
    )


def from_today_on(prices: ModelPrice | list[ConditionalPrice], today: date) -> Iterator[ModelPrice]:
    """Yield what may count at any hour from today on: the last one whose condition holds does."""
    if isinstance(prices, ModelPrice):
        yield prices
        return
    for conditional in reversed(prices):
        yield conditional.prices
        condition = conditional.constraint
        begun = isinstance(condition, StartDateConstraint) and condition.start_date <= today
        if condition is None or begun:
            return


def _starts(prices: Iterable[ModelPrice]) -> Iterator[int]:
    for price in prices:
        for key in (*_INPUT_KEYS, *_OUTPUT_KEYS):
            tiered = getattr(price, key)
            if isinstance(tiered, TieredPrices):
                yield from (tier.start for tier in tiered.tiers)


def _highest(prices: Iterable[ModelPrice], keys: Iterable[str], limit: int | None, factor: Decimal) -> int:
    """Return the dearest of the prices that may count for a prompt of at most `limit` tokens."""
    keys = tuple(keys)
    dollars = [one for price in prices for key in keys for one in _possible(getattr(price, key), limit)]
    return ceil(max(dollars, default=Decimal(0)) * factor * MICROS)


def _possible(price: Any, limit: int | None) -> list[Decimal]:
    if isinstance(price, TieredPrices):
        return [price.base, *(t.price for t in price.tiers if limit is None or t.start < limit)]
    return [price] if isinstance(price, Decimal) else []


@lru_cache(maxsize=1)
def _newest(today: date) -> date:
    """Return the day of the latest price that the collection dates, which tells its own age."""
    days = [
        price.constraint.start_date
        for provider in get_snapshot().providers
        for model in provider.models
        if isinstance(model.prices, list)
        for price in model.prices
        if isinstance(price.constraint, StartDateConstraint) and price.constraint.start_date <= today
    ]
    return max(days, default=today)
