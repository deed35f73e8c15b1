"""Looks at a supervisor's state from all sides: whether it agrees with the ledger and with itself."""

from collections.abc import Iterator

from interlock.console.simulation.ledger import NOTHING, Ledger, counts, limits_of, plus
from interlock.contracts.scope import FLEET, Scope
from interlock.supervisor.core.state import Account, Effect, State, Step, Task
from interlock.supervisor.core.switches import switch_of, tenant_switch

_OPEN = {"ready", "assigned", "awaiting", "backing_off"}


def differences(state: State, ledger: Ledger) -> Iterator[str]:
    """Yield where the accounts of a state and those of the ledger differ."""
    for scope, account in state.shared.items():
        yield from _differ(scope, account, ledger)
    for task in state.tasks.values():
        yield from _differ(f"task {task.id}", task.account, ledger)
        for step in task.steps.values():
            yield from _differ(f"step {task.id}.{step.id}", step.account, ledger)


def _differ(scope: str, account: Account, ledger: Ledger) -> Iterator[str]:
    own = ledger.account(scope)
    theirs = {
        "spent": counts(account.spent),
        "reserved": counts(account.reserved),
        "limit": limits_of(account.budget),
        "daily": limits_of(account.daily),
        "today": counts(account.spent_on(account.day)),
    }
    mine = {
        "spent": own.spent,
        "reserved": own.reserved,
        "limit": own.limit,
        "daily": own.daily,
        "today": own.by_day.get(account.day, NOTHING),
    }
    for name, value in theirs.items():
        if value != mine[name]:
            yield f"{scope}, {name}: the state says {value}, the log says {mine[name]}"


def disorder(state: State) -> Iterator[str]:
    """Yield what is out of order within a state that is not torn."""
    for task in state.tasks.values():
        yield from _task_disorder(state, task)
    yield from _hands_disorder(state)
    yield from _queue_disorder(state)
    for agent in state.agents.values():
        scopes = (
            Scope(kind="agent", name=agent.principal),
            Scope(kind="role", name=agent.charter.role),
            FLEET,
        )
        if any(switch_of(state, scope) == "killed" for scope in scopes):
            yield f"{agent.principal} is here, though it is killed"


def _task_disorder(state: State, task: Task) -> Iterator[str]:
    if not task.active:
        if task.steps or any(effect.state != "granted" for effect in task.effects.values()):
            yield f"task {task.id} has ended, but something of it is left"
        return
    if state.switch == "killed" or tenant_switch(state, task.tenant) == "killed":
        yield f"task {task.id} lives on, though the fleet or its tenant is killed"
    reserved = NOTHING
    for effect in task.effects.values():
        reserved = plus(reserved, counts(effect.reserved))
        yield from _effect_disorder(task, effect)
    if reserved != counts(task.account.reserved):
        yield f"task {task.id} has {task.account.reserved} reserved, its effects {reserved}"
    for step in task.steps.values():
        if (step.principal != "") != (step.state == "assigned"):
            yield f"step {step.id} of task {task.id} is {step.state}, at {step.principal or 'nobody'}"
        ready = all(task.steps[name].state == "completed" for name in step.after)
        if step.state == "blocked" and ready:
            yield f"step {step.id} of task {task.id} is blocked for nothing"


def _effect_disorder(task: Task, effect: Effect) -> Iterator[str]:
    if effect.state == "lost":
        yield f"effect {effect.seq} is lost, and nobody looks after it"
    if effect.state != "granted" and counts(effect.reserved) != NOTHING:
        yield f"effect {effect.seq} is {effect.state}, but holds a reservation"
    if effect.state in {"held", "escalated"} and task.steps[effect.step].state not in _OPEN:
        yield f"effect {effect.seq} is {effect.state}, but nobody waits for it any more"


def _hands_disorder(state: State) -> Iterator[str]:
    steps = {
        (task.id, step.id): (step.principal, step.attempt)
        for task in state.tasks.values()
        for step in task.steps.values()
        if step.state == "assigned"
    }
    held = {
        key: (agent.principal, attempt)
        for agent in state.agents.values()
        for key, attempt in agent.in_hand.items()
    }
    if held != steps:
        yield f"the agents hold {held}, assigned is {steps}"
    granted = {
        effect.seq: effect.worker
        for task in state.tasks.values()
        for effect in task.effects.values()
        if effect.state == "granted"
    }
    at_work = {seq: worker.principal for worker in state.workers.values() for seq in worker.in_hand}
    if at_work != granted:
        yield f"the workers hold {at_work}, granted is {granted}"
    for one in (*state.agents.values(), *state.workers.values()):
        if len(one.in_hand) > one.capacity:
            yield f"{one.principal} has {len(one.in_hand)} in hand, of {one.capacity}"


def _queue_disorder(state: State) -> Iterator[str]:
    ready = {
        (step.role, task.id, step.id)
        for task in state.tasks.values()
        for step in task.steps.values()
        if step.state == "ready" and task.active and task.hold == "free"
    }
    queue = {
        (role, entry.task, entry.step)
        for role, tenants in state.ready.items()
        for entries in tenants.values()
        for entry in entries
    }
    if queue != ready:
        yield f"the queue holds {sorted(queue)}, ready is {sorted(ready)}"


def open_reasons(state: State) -> Iterator[tuple[int, str]]:
    """Yield each active task with the name of what it waits for, empty when nothing is named."""
    for task in state.tasks.values():
        if task.active:
            yield task.id, _reason(state, task)


def _reason(state: State, task: Task) -> str:
    if task.hold != "free":
        return f"{task.hold}: {task.parked_for or 'by a person'}"
    if state.switches:
        return "something is switched off: " + ", ".join(sorted(map(str, state.switches)))
    if task.suspended or any(effect.state == "escalated" for effect in task.effects.values()):
        return "a person is asked"
    return next(filter(None, (_reason_of_step(state, step) for step in task.steps.values())), "")


def _reason_of_step(state: State, step: Step) -> str:
    if step.state == "backing_off":
        return f"step {step.id} is tried again later"
    if step.state != "ready":
        return ""
    free = [agent.free for agent in state.agents.values() if agent.charter.role == step.role]
    if any(free):
        return ""
    return "every agent of the role has its hands full" if free else "no agent of the role is here"
