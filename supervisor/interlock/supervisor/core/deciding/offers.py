"""What effect workers offer, as far as the charter of the agent that asks allows it.

A charter is looked at when an effect is granted, not only when it is asked for: which model is the default
and how risky a tool is may be known only when a worker has come.
"""

from fnmatch import fnmatchcase

from interlock.contracts.charter import Charter
from interlock.contracts.facts import Demand
from interlock.contracts.presence import ModelOffer
from interlock.supervisor.core.state import Effect, EffectWorker, Task
from interlock.supervisor.core.turn import Turn

_PREPARES, _SUGGESTS = 2, 1


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


def offers(worker: EffectWorker, demand: Demand, charter: Charter | None) -> bool:
    """Tell whether a worker can do it."""
    if demand.kind == "tool":
        return demand.name in worker.tools
    return offered_model(worker, demand, charter) is not None


def beyond_autonomy(workers: list[EffectWorker], demand: Demand, charter: Charter | None) -> tuple[str, str]:
    """Return the rule and reason against a tool that changes something, or two empty strings.

    Approval by a person comes with policies; until then a level that does not allow it is a no.
    """
    risks = {worker.tools[demand.name].risk for worker in workers if demand.kind == "tool"}
    if charter is None or charter.autonomy > _PREPARES or risks <= {"read"}:
        return "", ""
    level = "may only suggest" if charter.autonomy == _SUGGESTS else "may only prepare and propose"
    return f"autonomy.{charter.autonomy}", f"{charter.role} {level}; {demand.name} changes something"
