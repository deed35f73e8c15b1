"""The one interface of all models: a call goes in, an answer and what it used come out.

A model knows nothing of tasks, grants or the bus; whether it may be called was decided before.
"""

from collections.abc import Callable
from typing import Protocol

import msgspec

from interlock.contracts.budget import Amounts
from interlock.contracts.effect import ModelCall
from interlock.effects.errors import CutOff

OnTokens = Callable[[str], None]


class Answer(msgspec.Struct, frozen=True):
    """`value` is JSON: what `returns` asks for, or a string when the call names no schema.

    `used` None is unknown, and then the whole reservation counts.
    """

    value: bytes
    used: Amounts | None


class Model(Protocol):
    """One model of one provider."""

    async def answer(
        self, call: ModelCall, *, max_output_tokens: int, docs: str, on_tokens: OnTokens
    ) -> Answer:
        """Answer within `max_output_tokens`, telling each piece as it comes; raises EffectError."""
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
