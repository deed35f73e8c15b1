"""Reports charters that ask for what no policy can ever grant: somebody will wait in vain for it."""

from collections.abc import Iterator
from fnmatch import fnmatchcase

from interlock.contracts import facts
from interlock.contracts.message import line
from interlock.supervisor.core.deciding.offers import riskiest
from interlock.supervisor.core.policy.compiled import Compiled
from interlock.supervisor.core.policy.rulings import compiled
from interlock.supervisor.core.state import Agent, State
from interlock.supervisor.core.turn import Turn


def report_excess(turn: Turn, principal: str) -> None:
    """Say of an agent that is here what of its charter the policies in force never grant."""
    agent, policies = turn.state.agents.get(principal), turn.state.policies
    if agent is None or policies is None:
        return
    asks = tuple(_excess(turn.state, agent, compiled(policies)))
    if asks:
        turn.say(
            0,
            facts.CharterExceeded(
                principal=principal, role=agent.charter.role, asks=asks, policies=policies.digest
            ),
        )


def _excess(state: State, agent: Agent, policies: Compiled) -> Iterator[str]:
    """Yield the tools and models; what nobody offers yet could be of any risk, or named anything."""
    who = (agent.principal, agent.charter.role)
    for tool in agent.charter.tools:
        offer = riskiest(state, tool)
        if not policies.could_ever(*who, "Tool", tool, "" if offer is None else offer.risk):
            yield line(f"tool {tool}")
    offered = sorted({name for worker in state.workers.values() for name in worker.models})
    for pattern in agent.charter.models:
        names = [name for name in offered if fnmatchcase(name, pattern)] or [pattern]
        if not any(policies.could_ever(*who, "Model", name) for name in names):
            yield line(f"model {pattern}")
