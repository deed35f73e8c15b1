"""A model without latency and thought: it answers with its inputs. For measuring what is around it."""

import msgspec

from interlock.contracts.budget import Amounts
from interlock.contracts.effect import ModelCall
from interlock.effects.models.answer import Answer, OnTokens

_USED = Amounts(model_calls=1, tokens=1)


class InstantModel:
    """Answers every call with the call's inputs."""

    async def answer(
        self, call: ModelCall, *, max_output_tokens: int, docs: str, on_tokens: OnTokens
    ) -> Answer:
        """Return the inputs; one token, for free."""
        del max_output_tokens, docs, on_tokens
        return Answer(msgspec.json.encode(call.inputs), _USED)

    async def close(self) -> None:
        """Hold nothing."""
