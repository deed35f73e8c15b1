"""What a grant has put aside for one model call, and whether a request fits it: the guard before the wire."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Self

import msgspec

from interlock.contracts.budget import Amounts
from interlock.effects.deed import Deed
from interlock.effects.errors import NotReserved
from interlock.effects.prices import PriceList

_LEAST_MARGIN_TOKENS = 64
_MARGIN_PART = 16
COUNT_S = 10.0

Count = Callable[[], Awaitable[int | None]]


class Allowance(msgspec.Struct):
    """At most so many tokens of prompt and of answer, and so much money.

    `asked` is whether a provider may be at work on the call, so that it may be billed. `counted_tokens` is
    the prompt as it was counted under an earlier grant (0: never); it stands for the first request only.
    `thread` is the work of a model that thinks here, in a thread.
    """

    prompt_tokens: int
    output_tokens: int
    spend_usd_micros: int
    asked: bool = False
    counted_tokens: int = 0
    thread: Deed | None = None

    @classmethod
    def of(cls, reserved: Amounts, max_output_tokens: int, counted_tokens: int = 0) -> Self:
        """Split a reservation: what is not for the answer is for the prompt."""
        prompt_tokens = reserved.tokens - max_output_tokens
        return cls(prompt_tokens, max_output_tokens, reserved.spend_usd_micros, counted_tokens=counted_tokens)

    @property
    def begun(self) -> bool:
        """Whether the call may have happened, and so may count."""
        return self.asked or (self.thread is not None and self.thread.may_have_happened)

    @property
    def runs(self) -> bool:
        """Whether it goes on in a thread, after it was stopped."""
        return self.thread is not None and self.thread.runs

    async def admit(self, prices: PriceList, model: str, at_most: int, count: Count) -> None:
        """Let a prompt of at most so many tokens pass, or by its count if that fits; raises NotReserved."""
        if self._holds(prices, model, at_most):
            return
        known, self.counted_tokens = self.counted_tokens, 0
        counted = known or await _counted(count)
        needed = min(at_most, counted) if counted else at_most
        if self._holds(prices, model, needed):
            return
        price = prices.bound_usd_micros(model, needed, self.output_tokens)
        raise NotReserved(
            f"nothing was sent to {model}: its prompt may have {needed} tokens, and the call may cost "
            f"{'an unknown price' if price is None else f'{price} micro-dollars'}; reserved are "
            f"{self.prompt_tokens} tokens and {self.spend_usd_micros} micro-dollars. Shorten the prompt; if "
            "prices have changed, start the effect worker again",
            prompt_tokens=needed,
            counted=counted > 0,
        )

    def _holds(self, prices: PriceList, model: str, prompt_tokens: int) -> bool:
        price = prices.bound_usd_micros(model, prompt_tokens, self.output_tokens)
        return prompt_tokens <= self.prompt_tokens and price is not None and price <= self.spend_usd_micros


async def _counted(count: Count) -> int:
    """Return a provider's count with its margin, or 0 where none can be had in time."""
    try:
        async with asyncio.timeout(COUNT_S):
            counted = await count()
    except TimeoutError:
        return 0
    return 0 if counted is None else with_margin(counted)


def with_margin(counted: int) -> int:
    """Return a count with a sixteenth, and at least 64 tokens, added.

    OpenAI counts for its Responses API, which marks messages a little otherwise than chat completions, and
    Anthropic says that its counts may differ by a small amount.
    """
    return counted + max(_LEAST_MARGIN_TOKENS, -(-counted // _MARGIN_PART))
