"""What effect workers offer, as far as the charter of the agent that asks allows it.

A charter is looked at when an effect is granted, not only when it is asked for: which model is the default,
how risky a tool is and which data it touches may be known only when a worker has come.
"""

from fnmatch import fnmatchcase

from interlock.contracts.charter import Charter
from interlock.contracts.consent import judged
from interlock.contracts.facts import Demand
from interlock.contracts.message import Json
from interlock.contracts.presence import ModelOffer, Risk, ToolOffer
from interlock.supervisor.core.state import Effect, EffectWorker, State, Task
from interlock.supervisor.core.turn import Turn

_RANK: dict[Risk, int] = {"read": 0, "write": 1, "irreversible": 2}


def charter_of(turn: Turn, task: Task, effect: Effect) -> Charter | None:
    """Return the charter of whoever has the step in hand, or that its role had last."""
    step = task.steps[effect.step]
    agent = turn.state.agents.get(step.principal)
    return agent.charter if agent is not None else turn.state.charters.get(step.role)


def allows_model(charter: Charter | None, model: str) -> bool:
    """Tell whether a charter's patterns name a model."""
    return charter is not None and any(fnmatchcase(model, pattern) for pattern in charter.models)


def offered_model(worker: EffectWorker, demand: Demand, charter: Charter | None) -> ModelOffer | None:
    """Return the model that is asked for, or, when that is left open, the first that the charter allows."""
    if demand.name:
        return worker.models.get(demand.name)
    return next((offer for offer in worker.models.values() if allows_model(charter, offer.model)), None)


def offered(worker: EffectWorker, demand: Demand, charter: Charter | None) -> ToolOffer | ModelOffer | None:
    """Return with what a worker can do it."""
    if demand.kind == "tool":
        return worker.tools.get(demand.name)
    return offered_model(worker, demand, charter)


def beyond_charter(offer: ToolOffer | ModelOffer, charter: Charter | None) -> tuple[str, str] | None:
    """Return the rule and reason against data or a region that a charter does not name, if there is one.

    A charter that names regions wants them: what says nothing of where it runs is in none of them.
    """
    if charter is None:
        return None
    name = offer.tool if isinstance(offer, ToolOffer) else offer.model
    if offer.data_class not in charter.data_classes:
        allowed = ", ".join(charter.data_classes) or "none"
        reason = f"{name} is for {offer.data_class} data; the charter of {charter.role} allows {allowed}"
        return "charter.data_classes", reason
    if charter.regions and offer.region not in charter.regions:
        where = f"runs in {offer.region}" if offer.region else "does not say where it runs"
        reason = f"{name} {where}; the charter of {charter.role} allows {', '.join(charter.regions)}"
        return "charter.regions", reason
    return None


def offered_as(state: State, model: str, arguments: Json) -> ModelOffer | None:
    """Return the offer of a model that is the one which people judge."""
    found = [worker.models[model] for _, worker in sorted(state.workers.items()) if model in worker.models]
    return next((offer for offer in found if judged(arguments, offer) == arguments), None)


def riskiest(state: State, tool: str) -> ToolOffer | None:
    """Return the riskiest offer of a tool: workers that do not agree are not asked which one is right."""
    found = [worker.tools[tool] for _, worker in sorted(state.workers.items()) if tool in worker.tools]
    return max(found, key=lambda offer: _RANK[offer.risk], default=None)
