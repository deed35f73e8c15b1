"""What models cost: the user's own prices, else those of genai-prices. What has no price is not guessed.

Shares of money smaller than a micro-dollar are rounded up, so that a bound stays a bound.
"""

import tomllib
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from importlib.metadata import version
from math import ceil
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from interlock.bus.clock import now_ms
from interlock.contracts.presence import ModelOffer
from interlock.effects.errors import BadSettings
from interlock.effects.settings import OPENAI_URL, EffectSettings

MICROS = 1_000_000
_FREE_PROVIDERS = {"offline": "runs here", "instant": "runs here"}
_FLAVORS = {OPENAI_URL: "chat"}

Usd = Annotated[float, msgspec.Meta(ge=0, le=1_000_000)]


class OwnPrice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One table `[models."openai/mine"]` of the user's file: `price = "free"`, or dollars for a million."""

    price: Literal["free"] | None = None
    input_usd_per_mtok: Usd | None = None
    output_usd_per_mtok: Usd | None = None


class Usage(msgspec.Struct, frozen=True):
    """Tokens in and out as the provider counts them, and all it told (such as how many were cached)."""

    input_tokens: int
    output_tokens: int
    told: dict[str, Any] = {}


class Price(msgspec.Struct, frozen=True):
    """Micro-dollars for a million tokens, at most; None is unknown."""

    input_usd_micros_per_mtok: int | None
    output_usd_micros_per_mtok: int | None
    source: str


class PriceList:
    """The price of each model, by its name `provider/model`."""

    def __init__(self, settings: EffectSettings) -> None:
        self._own = _read(settings.prices) if settings.prices else {}
        self._file = str(settings.prices or "")
        self._urls = {"openai": settings.openai.base_url, "anthropic": settings.anthropic.base_url}

    @property
    def named(self) -> tuple[str, ...]:
        """The models that the user's file names."""
        return tuple(self._own)

    def offer(self, model: str) -> ModelOffer:
        """Describe a model with its price; one without a price is described too, and will be refused."""
        price = self.price(model)
        return ModelOffer(
            model=model,
            input_usd_micros_per_mtok=price.input_usd_micros_per_mtok,
            output_usd_micros_per_mtok=price.output_usd_micros_per_mtok,
            price_source=price.source,
        )

    def price(self, model: str) -> Price:
        """Return the highest price at which tokens of the model may be billed."""
        provider, _, name = model.partition("/")
        if own := self._own.get(model):
            return Price(_micros(own.input_usd_per_mtok), _micros(own.output_usd_per_mtok), self._file)
        if provider in _FREE_PROVIDERS:
            return Price(0, 0, _FREE_PROVIDERS[provider])
        return _known_price(name, self._urls.get(provider, "")) or Price(None, None, _advice(model))

    def spend_usd_micros(self, model: str, usage: Usage) -> int:
        """Return what a call cost, cached and reasoning tokens as they are billed where that is known."""
        provider, _, name = model.partition("/")
        if model not in self._own and provider not in _FREE_PROVIDERS:
            known = _known_spend(name, self._urls.get(provider, ""), usage)
            if known is not None:
                return known
        price = self.price(model)
        inward = usage.input_tokens * (price.input_usd_micros_per_mtok or 0)
        outward = usage.output_tokens * (price.output_usd_micros_per_mtok or 0)
        return ceil((inward + outward) / MICROS)


def _read(path: Path) -> dict[str, OwnPrice]:
    try:
        table = tomllib.loads(path.read_text("utf-8"))
        own = msgspec.convert(table.get("models", {}), dict[str, OwnPrice])
    except (OSError, UnicodeDecodeError) as error:
        raise BadSettings(f"INTERLOCK_PRICES: {path} cannot be read: {error}") from error
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise BadSettings(f"INTERLOCK_PRICES: {path} is no list of prices: {error}") from error
    for model, price in own.items():
        dollars = (price.input_usd_per_mtok, price.output_usd_per_mtok)
        if (price.price is None) == (None in dollars) or (price.price and dollars != (None, None)):
            raise BadSettings(
                f'INTERLOCK_PRICES: {path}: [models."{model}"] needs either price = "free", '
                "or input_usd_per_mtok and output_usd_per_mtok"
            )
    return own


def _micros(usd_per_mtok: float | None) -> int:
    return ceil(Decimal(str(usd_per_mtok or 0)) * MICROS)


def _advice(model: str) -> str:
    return (
        f'no price is known for {model}: put [models."{model}"] with price = "free", or '
        "input_usd_per_mtok and output_usd_per_mtok, into the file that INTERLOCK_PRICES names"
    )


def _known_price(name: str, url: str) -> Price | None:
    from genai_prices.data_snapshot import get_snapshot  # noqa: PLC0415 - needs 190 ms and 28 MB to load

    today = datetime.fromtimestamp(now_ms() / 1000, UTC)
    try:
        _, model = get_snapshot().find_provider_model(name, None, None, url)
    except LookupError:
        return None
    prices = model.get_prices(today)
    inward, outward = _highest(prices.input_mtok), _highest(prices.output_mtok)
    if inward is None or outward is None:
        return None
    return Price(inward, outward, f"genai-prices {version('genai-prices')}, as of {today:%Y-%m-%d}")


def _highest(price: Any) -> int | None:
    """Return the dearest of a price's tiers: which of them counts is known only afterwards."""
    if price is None:
        return None
    dollars: list[Decimal] = (
        [price] if isinstance(price, Decimal) else [price.base, *(tier.price for tier in price.tiers)]
    )
    return ceil(max(dollars) * MICROS)


def _known_spend(name: str, url: str, usage: Usage) -> int | None:
    from genai_prices import Usage as Counted  # noqa: PLC0415 - as above
    from genai_prices import calc_price, extract_usage  # noqa: PLC0415 - as above

    counted = Counted(input_tokens=usage.input_tokens, output_tokens=usage.output_tokens)
    with suppress(LookupError, ValueError):
        counted = extract_usage(
            usage.told, provider_api_url=url, api_flavor=_FLAVORS.get(url, "default")
        ).usage
    try:
        dollars = calc_price(counted, name, provider_api_url=url).total_price
    except (LookupError, ValueError):
        return None
    return ceil(dollars * MICROS)
