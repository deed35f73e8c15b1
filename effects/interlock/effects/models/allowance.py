"""What a grant has put aside for one model call, and whether a request fits it: the guard before the wire."""

from collections.abc import Awaitable, Callable
from typing import Self

import msgspec

from interlock.contracts.budget import Amounts
from interlock.effects.errors import NotReserved
from interlock.effects.prices import PriceList

_LEAST_MARGIN_TOKENS = 64
_MARGIN_PART = 16

Count = Callable[[], Awaitable[int | None]]


class Allowance(msgspec.Struct):
    """At most so many tokens of prompt and of answer, and so much money.

    `asked` is whether a provider may be at work on the call, so that it may be billed.
    """

    prompt_tokens: int
    output_tokens: int
    spend_usd_micros: int
    asked: bool = False

    @classmethod
    def of(cls, reserved: Amounts, max_output_tokens: int) -> Self:
        """Split a reservation: what is not for the answer is for the prompt."""
        return cls(reserved.tokens - max_output_tokens, max_output_tokens, reserved.spend_usd_micros)

    async def admit(self, prices: PriceList, model: str, at_most: int, count: Count) -> None:
        """Let a prompt of at most so many tokens pass, or by its count if that fits; raises NotReserved."""
        if self._holds(prices, model, at_most):
            return
        counted = await count()
        needed = at_most if counted is None else min(at_most, with_margin(counted))
        if self._holds(prices, model, needed):
            return
        price = prices.bound_usd_micros(model, needed, self.output_tokens)
        raise NotReserved(
            f"nothing was sent to {model}: its prompt may have {needed} tokens, and the call may cost "
            f"{'an unknown price' if price is None else f'{price} micro-dollars'}; reserved are "
            f"{self.prompt_tokens} tokens and {self.spend_usd_micros} micro-dollars. Shorten the prompt; if "
            "prices have changed, start the effect worker again",
            prompt_tokens=needed,
        )

    def _holds(self, prices: PriceList, model: str, prompt_tokens: int) -> bool:
        price = prices.bound_usd_micros(model, prompt_tokens, self.output_tokens)
        return prompt_tokens <= self.prompt_tokens and price is not None and price <= self.spend_usd_micros


def with_margin(counted: int) -> int:
    """Return a count with a sixteenth, and at least 64 tokens, added.

    OpenAI counts for its Responses API, which marks messages a little otherwise than chat completions, and
    Anthropic says that its counts may differ by a small amount.
    """
    return counted + max(_LEAST_MARGIN_TOKENS, -(-counted // _MARGIN_PART))
