"""What providers say they counted, in the several shapes in which they say it, and what it comes to."""

from typing import Any

import msgspec

from interlock.contracts.budget import Amounts
from interlock.contracts.effect import Bill
from interlock.contracts.message import Json
from interlock.effects.nodes import as_count, as_object, as_text
from interlock.effects.prices import PriceList
from interlock.effects.usage import Usage


class Billed(msgspec.Struct, frozen=True):
    """What a call used (None: the provider did not say), and how that was counted."""

    used: Amounts | None
    bill: Bill


def billed(prices: PriceList, model: str, usage: Usage | None) -> Billed:
    """Price a usage; without one the whole reservation counts, and the bill says so."""
    source = prices.price(model).source
    if usage is None:
        return Billed(None, Bill(basis="bound", price_source=source))
    used = Amounts(
        model_calls=1,
        tokens=usage.input_tokens + usage.output_tokens,
        spend_usd_micros=prices.spend_usd_micros(model, usage),
    )
    bill = Bill(
        price_source=source,
        input_tokens=usage.input_tokens,
        cache_read_tokens=usage.cache_read_tokens,
        cache_write_tokens=usage.cache_write_tokens,
        output_tokens=usage.output_tokens,
        reasoning_tokens=usage.reasoning_tokens,
    )
    return Billed(used, bill)


def openai_usage(usage: Json, service_tier: Any) -> Usage | None:
    """Read the usage of a chat completion; None when it does not tell input and output.

    Some servers leave reasoning out of `completion_tokens`, but not out of `total_tokens`.
    """
    prompt, completion = as_count(usage.get("prompt_tokens")), as_count(usage.get("completion_tokens"))
    if prompt is None or completion is None:
        return None
    asked = as_object(usage.get("prompt_tokens_details"))
    answered = as_object(usage.get("completion_tokens_details"))
    output = max(completion, (as_count(usage.get("total_tokens")) or 0) - prompt)
    cached = as_count(asked.get("cached_tokens")) or as_count(usage.get("prompt_cache_hit_tokens"))
    return Usage(
        input_tokens=prompt,
        output_tokens=output,
        cache_read_tokens=cached or 0,
        cache_write_tokens=as_count(asked.get("cache_write_tokens")) or 0,
        reasoning_tokens=min(output, as_count(answered.get("reasoning_tokens")) or 0),
        service_tier=as_text(service_tier),
    )


def anthropic_usage(usage: Json) -> Usage | None:
    """Read the usage of a message, in which cached tokens stand beside `input_tokens`; None if not told."""
    fresh, output = as_count(usage.get("input_tokens")), as_count(usage.get("output_tokens"))
    if fresh is None or output is None:
        return None
    read = as_count(usage.get("cache_read_input_tokens")) or 0
    parts = as_object(usage.get("cache_creation"))
    an_hour = as_count(parts.get("ephemeral_1h_input_tokens")) or 0
    minutes = as_count(parts.get("ephemeral_5m_input_tokens")) or 0
    written = max(as_count(usage.get("cache_creation_input_tokens")) or 0, an_hour + minutes)
    thought = as_count(as_object(usage.get("output_tokens_details")).get("thinking_tokens")) or 0
    return Usage(
        input_tokens=fresh + read + written,
        output_tokens=output,
        cache_read_tokens=read,
        cache_write_tokens=written,
        cache_write_1h_tokens=an_hour,
        reasoning_tokens=min(output, thought),
        region=as_text(usage.get("inference_geo")),
    )
