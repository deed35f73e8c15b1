"""Decides what may be done in somebody's name: a user's rights and an agent's, beside the agent's charter.

Nothing is known of a principal: then nothing is forbidden here.
"""

from fnmatch import fnmatchcase

from interlock.contracts.facts import Demand
from interlock.contracts.inputs import Input
from interlock.supervisor.core.state import State, Task


def tenant_forbidden(state: State, said: Input, tenant: str) -> str:
    """Return why somebody may not submit for a tenant; empty: they may."""
    entitled = state.entitlements.get(said.principal)
    if entitled is None or not entitled.tenants or tenant in entitled.tenants:
        return ""
    return f"{said.principal} may not submit for the tenant {tenant}: only for {', '.join(entitled.tenants)}"


def charter_forbidden(state: State, agent: str, role: str) -> str:
    """Return why an agent may not come with a charter of this role; empty: it may."""
    entitled = state.entitlements.get(agent)
    if entitled is None or not entitled.roles or role in entitled.roles:
        return ""
    return f"{agent} may not be a {role}: its charter is one of {', '.join(entitled.roles)}"


def effect_forbidden(
    state: State, task: Task, agent: str, demand: Demand, name: str
) -> tuple[str, str] | None:
    """Return the rule and the reason against a tool or model for the submitter or agent, if there is one."""
    for who in (task.submitter, agent):
        entitled = state.entitlements.get(who)
        if entitled is None or not name:
            continue
        allowed = entitled.models if demand.kind == "model" else entitled.tools
        if allowed and not any(fnmatchcase(name, pattern) for pattern in allowed):
            reason = f"{who} may not have the {demand.kind} {name} used in its name"
            return f"entitlement.{demand.kind}s", reason
    return None
