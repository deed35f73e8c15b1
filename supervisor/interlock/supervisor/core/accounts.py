"""The accounts that something counts against, changed together: of step, task, role, tenant and fleet.

An effect or an assignment counts in all five. A task's clock runs for the task, its tenant and the fleet; a
step's clock for the step and its role.
"""

from collections.abc import Callable, Iterable

from interlock.supervisor.core.account import Account
from interlock.supervisor.core.state import State, Step, Task, replace

Change = Callable[[Account], Account]
NO_ACCOUNT = Account()
FLEET = "fleet"


def tenant_scope(tenant: str) -> str:
    """Return the name of a tenant's scope."""
    return f"tenant {tenant}"


def role_scope(role: str) -> str:
    """Return the name of a role's scope."""
    return f"role {role}"


def scopes(state: State, task: Task, step: Step | None) -> tuple[tuple[str, Account], ...]:
    """Return the accounts that something of this step counts against, narrowest first, with their names."""
    shared = [FLEET, tenant_scope(task.tenant)]
    found = [("task", task.account)]
    if step is not None:
        shared.append(role_scope(step.role))
        found.insert(0, (f"step {step.id}", step.account))
    found += [(name, state.shared.get(name, NO_ACCOUNT)) for name in reversed(shared)]
    return tuple(found)


def change_shared(state: State, names: Iterable[str], change: Change) -> State:
    """Change shared accounts in the same way."""
    shared = state.shared.mutate()
    for name in names:
        shared[name] = change(shared.get(name, NO_ACCOUNT))
    return replace(state, shared=shared.finish())


def charge(state: State, number: int, step: str, role: str, change: Change) -> State:
    """Change the accounts of all scopes in the same way; a step that is gone with its task is left out."""
    task = state.tasks[number]
    owner = task.steps.get(step)
    steps = task.steps
    if owner is not None:
        steps = steps.set(step, replace(owner, account=change(owner.account)))
    task = replace(task, account=change(task.account), steps=steps)
    shared = (FLEET, tenant_scope(task.tenant), *((role_scope(role),) if role else ()))
    return change_shared(replace(state, tasks=state.tasks.set(number, task)), shared, change)
