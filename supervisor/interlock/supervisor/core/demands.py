"""What a call needs, as data: the demand that is decided about instead of the call."""

from hashlib import blake2b

from interlock.contracts.effect import AskCall, Call, ModelCall
from interlock.contracts.facts import Demand
from interlock.contracts.message import encode
from interlock.contracts.tokens import prompt_tokens


def demand_of(call: Call, model: str = "") -> Demand:
    """Return what a call needs; `model` is the task's, for a call that leaves it open."""
    if isinstance(call, ModelCall):
        return Demand(
            kind="model",
            name=call.model or model,
            digest=_digest(call),
            prompt_tokens=prompt_tokens(call),
            max_output_tokens=call.max_output_tokens,
        )
    if isinstance(call, AskCall):
        return Demand(kind="ask", name="person")
    return Demand(kind="tool", name=call.tool, digest=_digest(call), arguments=call.arguments)


def _digest(call: Call) -> str:
    return blake2b(encode(call), digest_size=8).hexdigest()
