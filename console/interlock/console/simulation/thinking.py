"""Whether people agreed to the use of a model, by a plain reader of the log: this one, there, for so much.

It writes down what people judge in its own words. Who may agree, it does not know.
"""

from interlock.console.simulation.rules import Sums
from interlock.console.simulation.world import Execution, region_of
from interlock.contracts import facts
from interlock.contracts.approval import digest_of
from interlock.contracts.effect import ModelCall
from interlock.contracts.message import Json

PREFIX = "model:"


def takes_people(sums: Sums | None, worker: str, role: str) -> bool:
    """Tell whether this role's calls of a model at this worker take people's word."""
    return sums is not None and sums.wary and sums.asks_about(role, region_of(worker, wary=True))


def sent_otherwise(fact: facts.EffectGranted, call: ModelCall, agreed: facts.Escalated) -> str:
    """Return how a grant is not what people have agreed to; empty: it is."""
    if agreed.tool != f"{PREFIX}{fact.demand.name}":
        return f"to {fact.demand.name}, agreed was {agreed.tool}"
    if digest_of(_judged(asked_of(call, fact.demand.name), fact.worker)) != agreed.digest:
        return f"to {fact.worker}, with other words than were agreed to, or elsewhere"
    beyond = fact.reserved.beyond(agreed.cost)
    return "" if beyond is None else f"for {beyond} more than was agreed to"


def done_otherwise(execution: Execution, agreed: facts.Escalated) -> str:
    """Return how an execution is not what people have agreed to; empty: it is."""
    if (
        execution.tool != agreed.tool
        or digest_of(_judged(execution.arguments, execution.worker)) != agreed.digest
    ):
        return f"was asked {execution.arguments} at {execution.worker}, agreed was {agreed.arguments}"
    return ""


def asked_of(call: ModelCall, model: str) -> Json:
    """Return all that a model is asked."""
    return {
        "purpose": call.purpose,
        "prompt": call.prompt,
        "inputs": call.inputs,
        "returns": call.returns,
        "model": model,
        "prompt_version": call.prompt_version,
        "max_output_tokens": call.max_output_tokens,
        "temperature": call.temperature,
    }


def _judged(asked: Json, worker: str) -> Json:
    return asked | {"data_class": "internal", "region": region_of(worker, wary=True)}
