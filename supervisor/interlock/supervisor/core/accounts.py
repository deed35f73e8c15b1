"""The accounts that something counts against, changed together: of step, task, role, tenant and fleet.

An effect or an assignment counts in all five. A task's clock runs for the task, its tenant and the fleet; a
step's clock for the step and its role.
"""

from collections.abc import Callable, Iterable

from interlock.supervisor.core.account import Account
from interlock.supervisor.core.state import State, Step, Task, replace

Change = Callable[[Account], Account]
Scopes = tuple[tuple[str, Account], ...]
NO_ACCOUNT = Account()
FLEET = "fleet"


def tenant_scope(tenant: str) -> str:
    """Return the name of a tenant's scope."""
    return f"tenant {tenant}"


def role_scope(role: str) -> str:
    """Return the name of a role's scope."""
    return f"role {role}"


def scopes(state: State, task: Task, step: Step | None) -> Scopes:
    """Return the accounts that something of this step counts against, narrowest first, with their names."""
    shared, tenant = state.shared, tenant_scope(task.tenant)
    wide = (
        ("task", task.account),
        (tenant, shared.get(tenant, NO_ACCOUNT)),
        (FLEET, shared.get(FLEET, NO_ACCOUNT)),
    )
    if step is None:
        return wide
    role = role_scope(step.role)
    return ((f"step {step.id}", step.account), (role, shared.get(role, NO_ACCOUNT)), *wide)


def change_shared(state: State, names: Iterable[str], change: Change) -> State:
    """Change shared accounts in the same way."""
    shared = state.shared.mutate()
    for name in names:
        shared[name] = change(shared.get(name, NO_ACCOUNT))
    return replace(state, shared=shared.finish())


def charge(state: State, task: Task, step: Step | None, role: str, change: Change) -> State:
    """Put a task and its step in place with their accounts changed, and change those that others share."""
    steps = task.steps
    if step is not None:
        steps = steps.set(step.id, replace(step, account=change(step.account)))
    task = replace(task, account=change(task.account), steps=steps)
    shared = state.shared.mutate()
    tenant = tenant_scope(task.tenant)
    shared[tenant] = change(shared.get(tenant, NO_ACCOUNT))
    shared[FLEET] = change(shared.get(FLEET, NO_ACCOUNT))
    if role:
        name = role_scope(role)
        shared[name] = change(shared.get(name, NO_ACCOUNT))
    return replace(state, tasks=state.tasks.set(task.id, task), shared=shared.finish())
