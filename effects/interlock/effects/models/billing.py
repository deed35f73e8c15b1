"""What a provider counted, and what that comes to."""

from typing import Any

import msgspec

from interlock.contracts.budget import Amounts
from interlock.effects.prices import PriceList, Usage


class Bill(msgspec.Struct, frozen=True):
    """Tokens as the provider counts them; None is not told. `told` is its answer without the text."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    told: dict[str, Any] = {}

    def used(self, prices: PriceList, model: str) -> Amounts | None:
        """Return what the call used, or None when the provider did not say."""
        if self.input_tokens is None or self.output_tokens is None:
            return None
        usage = Usage(self.input_tokens, self.output_tokens, self.told)
        return Amounts(
            model_calls=1,
            tokens=self.input_tokens + self.output_tokens,
            spend_usd_micros=prices.spend_usd_micros(model, usage),
        )
