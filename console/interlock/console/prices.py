"""What a model costs, in words, and where that price stands. It asks nobody; the offer says it."""

from typing import Any

from interlock.console.amounts import usd
from interlock.contracts.presence import ModelOffer


def said_price(offer: ModelOffer) -> str:
    """Return the highest price of a model's tokens with its source and date, or why it has none."""
    inward, outward = offer.input_usd_micros_per_mtok, offer.output_usd_micros_per_mtok
    if inward is None or outward is None:
        return offer.price_source or "no price is known"
    if not inward and not outward:
        return offer.price_source or "free"
    price = f"at most {usd(inward)} in and {usd(outward)} out for a million tokens"
    return f"{price} ({offer.price_source or 'no source is told'})"


def price_fields(offer: ModelOffer) -> dict[str, Any]:
    """Return the same for programs."""
    return {
        "input_usd_micros_per_mtok": offer.input_usd_micros_per_mtok,
        "output_usd_micros_per_mtok": offer.output_usd_micros_per_mtok,
        "source": offer.price_source,
    }
