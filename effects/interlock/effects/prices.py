"""What models cost: the user's own prices, else the published ones. What has no price is not guessed.

Shares of money smaller than a micro-dollar are rounded up, so that a bound stays a bound.
"""

import msgspec

from interlock.contracts.presence import DEFAULT_DATA_CLASS, ModelOffer, PriceUpTo
from interlock.effects.models.overheads import WRAPPING_TOKENS, template_tokens
from interlock.effects.own_prices import OwnPrice, OwnPrices
from interlock.effects.settings import EffectSettings
from interlock.effects.usage import MICROS, Usage

_RUN_HERE = frozenset({"offline", "instant"})
FREE_HERE = "free: it runs in the effect worker"


class Price(msgspec.Struct, frozen=True):
    """Micro-dollars for a million tokens, at most; None is unknown, and `source` says how to give one."""

    input_usd_micros_per_mtok: int | None
    output_usd_micros_per_mtok: int | None
    source: str
    up_to: tuple[PriceUpTo, ...] = ()


class PriceList:
    """The price of each model, by its name `provider/model`."""

    def __init__(self, settings: EffectSettings) -> None:
        """Read the user's own prices; raises BadSettings."""
        self._own = OwnPrices.read(settings.prices) if settings.prices else OwnPrices()
        self._urls = {"openai": settings.openai.base_url, "anthropic": settings.anthropic.base_url}

    @property
    def named(self) -> tuple[str, ...]:
        """The models that the user's file names."""
        return tuple(self._own.models)

    def offer(self, model: str, *, counts: bool = False) -> ModelOffer:
        """Describe a model with its price; one without a price is described too, and will be refused."""
        price, own = self.price(model), self._own.models.get(model, OwnPrice())
        offer = ModelOffer(
            model=model,
            input_usd_micros_per_mtok=price.input_usd_micros_per_mtok,
            output_usd_micros_per_mtok=price.output_usd_micros_per_mtok,
            up_to=price.up_to,
            price_source=price.source,
            counts=counts,
            data_class=own.data_class or DEFAULT_DATA_CLASS,
            region=own.region,
        )
        if model.partition("/")[0] in _RUN_HERE:
            return offer
        overhead = self.template_tokens(model) + WRAPPING_TOKENS
        return msgspec.structs.replace(offer, prompt_overhead_tokens=overhead)

    def template_tokens(self, model: str) -> int:
        """Return the most tokens that the model's server adds to a prompt on its own."""
        own = self._own.models.get(model)
        if own is not None and own.prompt_overhead_tokens is not None:
            return own.prompt_overhead_tokens
        return template_tokens(self._urls.get(model.partition("/")[0], ""))

    def price(self, model: str) -> Price:
        """Return the highest price at which tokens of the model may be billed, and its cheaper tiers."""
        provider, _, name = model.partition("/")
        if own := self._own.priced(model):
            return Price(
                own.input_usd_micros_per_mtok, own.output_usd_micros_per_mtok, self._own.source(model)
            )
        if provider in _RUN_HERE:
            return Price(0, 0, FREE_HERE)
        from interlock.effects import published_prices  # noqa: PLC0415 - needs 190 ms and 28 MB to load

        found = published_prices.find(name, self._urls.get(provider, ""))
        if isinstance(found, str):
            return Price(None, None, self._advice(model, found))
        base = found.tiers[-1]
        tiers = tuple(
            PriceUpTo(
                prompt_tokens=tier.up_to_tokens or 0,
                input_usd_micros_per_mtok=tier.input_usd_micros_per_mtok,
                output_usd_micros_per_mtok=tier.output_usd_micros_per_mtok,
            )
            for tier in found.tiers[:-1]
        )
        return Price(base.input_usd_micros_per_mtok, base.output_usd_micros_per_mtok, found.source, tiers)

    def bound_usd_micros(self, model: str, prompt_tokens: int, output_tokens: int) -> int | None:
        """Return the most that so many tokens can cost, or None where no price is known."""
        price = self.price(model)
        fitting = (tier for tier in price.up_to if prompt_tokens <= tier.prompt_tokens)
        tier = next(fitting, price)
        inward, outward = tier.input_usd_micros_per_mtok, tier.output_usd_micros_per_mtok
        if inward is None or outward is None:
            return None
        return -(-(prompt_tokens * inward + output_tokens * outward) // MICROS)

    def spend_usd_micros(self, model: str, usage: Usage) -> int:
        """Return what a call cost, each kind of token as it is billed; the bound where that is not known."""
        provider, _, name = model.partition("/")
        if own := self._own.priced(model):
            return own.spend_usd_micros(usage)
        if provider in _RUN_HERE:
            return 0
        from interlock.effects import published_prices  # noqa: PLC0415 - as above

        spent = published_prices.spend_usd_micros(name, self._urls.get(provider, ""), usage)
        if spent is not None:
            return spent
        return self.bound_usd_micros(model, usage.input_tokens, usage.output_tokens) or 0

    def _advice(self, model: str, why: str) -> str:
        where = str(self._own.path or "") or "a file, say prices.toml, that INTERLOCK_PRICES names"
        return (
            f"no price is known for the model {model}, so it is not bought: {why}. Write into {where} "
            f'the line [models."{model}"] and below it input_usd_per_mtok = 0.15 and '
            'output_usd_per_mtok = 0.60, with your dollars for a million tokens, or price = "free"'
        )
