"""A model without latency and thought: it answers with its inputs. For measuring what is around it."""

import msgspec

from interlock.contracts.budget import Amounts
from interlock.contracts.effect import ModelCall
from interlock.effects.models.allowance import Allowance
from interlock.effects.models.answer import Answer, OnTokens

_USED = Amounts(model_calls=1, tokens=1)


class InstantModel:
    """Answers every call with the call's inputs."""

    async def answer(
        self, call: ModelCall, *, allowance: Allowance, docs: str, on_tokens: OnTokens
    ) -> Answer:
        """Return the inputs; one token, for free."""
        del allowance, docs, on_tokens
        return Answer(msgspec.json.encode(call.inputs), _USED)

    async def count(self, call: ModelCall) -> int | None:
        """Return the one token that it says it uses."""
        del call
        return _USED.tokens

    async def close(self) -> None:
        """Hold nothing."""
