"""The accounts of a task's scopes, changed together: step, task, tenant, fleet."""

from collections.abc import Callable

from interlock.supervisor.core.state import Account, State, Task, replace

Change = Callable[[Account], Account]
NO_ACCOUNT = Account()


def scopes(state: State, task: Task, step: str) -> tuple[tuple[str, Account], ...]:
    """Return the accounts that an effect of this step counts against, narrowest first, with their names."""
    owner = task.steps.get(step)
    narrow = () if owner is None else ((f"step {step}", owner.account),)
    return (
        *narrow,
        ("task", task.account),
        (f"tenant {task.tenant}", state.tenants.get(task.tenant, NO_ACCOUNT)),
        ("fleet", state.fleet),
    )


def charge(state: State, task: Task, step: str, change: Change) -> State:
    """Change the accounts of all scopes in the same way."""
    owner = task.steps.get(step)
    steps = task.steps
    if owner is not None:
        steps = steps.set(step, replace(owner, account=change(owner.account)))
    task = replace(task, account=change(task.account), steps=steps)
    tenant = change(state.tenants.get(task.tenant, NO_ACCOUNT))
    return replace(
        state,
        tasks=state.tasks.set(task.id, task),
        tenants=state.tenants.set(task.tenant, tenant),
        fleet=change(state.fleet),
    )
