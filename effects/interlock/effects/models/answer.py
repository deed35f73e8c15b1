"""The one interface of all models: a call goes in, an answer and what it used come out.

A model knows nothing of tasks, grants or the bus; whether it may be called was decided before.
"""

from collections.abc import Callable
from typing import Protocol

import msgspec

from interlock.contracts.budget import Amounts
from interlock.contracts.effect import ModelCall

OnTokens = Callable[[str], None]


class Answer(msgspec.Struct, frozen=True):
    """`value` is JSON: what `returns` asks for, or a string when the call names no schema."""

    value: bytes
    used: Amounts


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
