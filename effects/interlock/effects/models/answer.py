"""The one interface of all models: a call goes in, an answer and what it used come out.

A model knows nothing of tasks, grants or the bus; whether it may be called was decided before, and how much
it may use is its allowance.
"""

from collections.abc import Callable
from typing import Protocol

import msgspec

from interlock.contracts.budget import Amounts
from interlock.contracts.effect import Bill, ModelCall
from interlock.effects.errors import CutOff
from interlock.effects.models.allowance import Allowance

OnTokens = Callable[[str], None]


class Answer(msgspec.Struct, frozen=True):
    """`value` is JSON: what `returns` asks for, or a string when the call names no schema.

    `used` None is unknown, and then the whole reservation counts; `bill` says how it was counted.
    """

    value: bytes
    used: Amounts | None
    bill: Bill | None = None


class Model(Protocol):
    """One model of one provider."""

    async def answer(
        self, call: ModelCall, *, allowance: Allowance, docs: str, on_tokens: OnTokens
    ) -> Answer:
        """Answer within the allowance, telling each piece as it comes.

        Raises EffectError, NotReserved among them when what would be sent is not within the allowance.
        """
        ...

    async def count(self, call: ModelCall) -> int | None:
        """Return how many tokens the provider counts in the prompt, for nothing; None: it cannot tell."""
        ...

    async def close(self) -> None:
        """Give back what the model holds, such as connections."""
        ...


def cut_off(model: str, max_output_tokens: int, used: Amounts | None) -> CutOff:
    """Return the error for an answer that is longer than it may be."""
    return CutOff(
        f"the answer of {model} was cut off at {max_output_tokens} tokens; raise that limit or ask for less",
        used=used,
    )
