"""Builds the facts of grants: what is granted to whom, and what rides with it. Whether, others decide."""

from typing import Any

from interlock.contracts import facts
from interlock.contracts.approval import canonical
from interlock.contracts.budget import Amounts
from interlock.contracts.facts import Demand
from interlock.contracts.limits import MAX_JUDGED_BYTES
from interlock.contracts.presence import ModelOffer, ToolOffer
from interlock.supervisor.core.bounds import ONE_TOOL_CALL
from interlock.supervisor.core.deciding.authorising import version
from interlock.supervisor.core.policy.rulings import compiled
from interlock.supervisor.core.ruling import Ruling
from interlock.supervisor.core.state import Effect, EffectWorker, State, replace


def granted_tool(
    state: State, effect: Effect, worker: EffectWorker, offer: ToolOffer, ruling: Ruling
) -> facts.EffectGranted:
    """Build the grant of a tool.

    Its arguments stay at hand where policies or people may be asked about them once more; what stands in the
    log already, or beside it in the grant, is not said again.
    """
    again = bool(ruling.needs or ruling.flags) or (
        state.policies is not None and compiled(state.policies).declares(offer.tool)
    )
    demand = told(effect) if again and effect.arguments is None else replace(effect.demand, arguments=None)
    return _granted(
        effect,
        worker,
        reserved=ONE_TOOL_CALL,
        demand=demand,
        repeatable=offer.repeatable,
        policies=version(state),
        flags=ruling.flags,
        arguments=effect.arguments,
        untrusted=offer.untrusted,
    )


def granted_model(
    state: State, effect: Effect, worker: EffectWorker, offer: ModelOffer, bound: Amounts
) -> facts.EffectGranted:
    """Build the grant of a model call; what it asks stands there once, where people may be asked about it."""
    demand = replace(told(effect), name=offer.model)
    return _granted(effect, worker, reserved=bound, demand=demand, repeatable=True, policies=version(state))


def told(effect: Effect) -> Demand:
    """Return an effect's demand as it is said: its arguments once, as many may go on at once."""
    if effect.state != "none":
        return replace(effect.demand, arguments=None)
    return kept(effect.demand)


def kept(demand: Demand) -> Demand:
    """Return a demand as it stands in the log: with arguments only where people could judge them."""
    if demand.arguments is None or len(canonical(demand.arguments)) <= MAX_JUDGED_BYTES:
        return demand
    return replace(demand, arguments=None)


def _granted(effect: Effect, worker: EffectWorker, **fields: Any) -> facts.EffectGranted:
    return facts.EffectGranted(
        effect=effect.seq,
        step=effect.step,
        attempt=effect.attempt,
        key=effect.key,
        grant=effect.grant + 1,
        worker=worker.principal,
        **fields,
    )
