"""Decides what may be done in the name of who submitted a task: a user's rights, beside an agent's charter.

Nothing is known of a user: then nothing is forbidden here.
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


def effect_forbidden(state: State, task: Task, demand: Demand, name: str) -> tuple[str, str] | None:
    """Return the rule and the reason against a tool or model in the submitter's name, if there is one."""
    entitled = state.entitlements.get(task.submitter)
    if entitled is None or not name:
        return None
    allowed = entitled.models if demand.kind == "model" else entitled.tools
    if not allowed or any(fnmatchcase(name, pattern) for pattern in allowed):
        return None
    kind = f"{demand.kind}s"
    return f"entitlement.{kind}", f"{task.submitter} may not have the {demand.kind} {name} used in its name"
