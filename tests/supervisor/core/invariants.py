"""What must be true of every decision and of every state, whatever led there."""

from collections.abc import Iterable

from interlock.contracts import facts
from interlock.contracts.budget import DIMENSIONS, NOTHING, Amounts
from interlock.contracts.decision import Decision
from interlock.contracts.facts import AnyFact
from interlock.contracts.message import decode, encode
from interlock.supervisor.core.evolve import evolve
from interlock.supervisor.core.limits import MAX_PLAN_REFUSALS, MAX_STEP_FAILURES, MAX_STEP_LOSSES
from interlock.supervisor.core.ready import waiting
from interlock.supervisor.core.state import Account, State, Task
from interlock.supervisor.core.turn import Decided

Told = dict[int, list[AnyFact]]

_STARTS = (facts.StepAssigned, facts.EffectGranted)


def uphold(before: State, decided: Decided, again: Decided, *, torn: bool = False) -> None:
    """Check one decision: deterministic, folded from its facts alone, and lawful afterwards unless torn."""
    assert again.by_task == decided.by_task, "the same input must decide the same"
    assert again.state == decided.state
    assert fold(before, as_recorded(decided.by_task)) == decided.state, "the facts must say it all"
    if len(decided.by_task) > 1 and 0 in decided.by_task:
        assert next(iter(decided.by_task)) == 0, "what concerns the fleet is said first"
    if not torn:
        lawful(decided.state)


def as_recorded(told: Told) -> Told:
    """Return the facts as a reader of the log gets them."""
    read: Told = {}
    for task, said in told.items():
        decision = Decision(task=task, cause=1, at_ms=1, by="s", facts=tuple(said))
        read[task] = list(decode(Decision, encode(decision)).facts)
    return read


def fold(state: State, told: Told) -> State:
    """Return the state after the facts; nothing may start where everything stands still."""
    for task, said in told.items():
        for fact in said:
            if isinstance(fact, _STARTS):
                assert state.tasks[task].moving, f"{fact} in a task that stands still"
                assert state.switch in {"running", "draining"}, f"{fact} in a fleet that is {state.switch}"
            state = evolve(state, task, fact)
    return state


def lawful(state: State) -> None:
    """Check a state from all sides."""
    for task in state.tasks.values():
        _limits_hold(task)
        _task_is_consistent(state, task)
    _reservations_add_up(state)
    _hands_hold_what_is_assigned(state)
    _queue_is_what_is_ready(state)


def _limits_hold(task: Task) -> None:
    for account in (task.account, *(step.account for step in task.steps.values())):
        for dimension in DIMENSIONS:
            limit = getattr(account.budget, dimension)
            if limit is not None:
                used = getattr(account.spent, dimension) + getattr(account.reserved, dimension)
                assert used <= limit, f"{dimension} of task {task.id}: {used} of {limit}"


def _task_is_consistent(state: State, task: Task) -> None:
    stands = not task.moving or state.switch == "paused"
    assert (task.clock_since_ms is None) == stands, f"the clock of task {task.id}"
    if not task.active:
        assert not task.steps
        assert all(effect.state == "granted" for effect in task.effects.values())
        assert task.hold == "free"
        return
    assert state.switch != "killed", f"task {task.id} lives on in a killed fleet"
    assert task.plan_refusals < MAX_PLAN_REFUSALS
    for step in task.steps.values():
        assert step.failures <= MAX_STEP_FAILURES
        assert step.losses <= MAX_STEP_LOSSES
        assert (step.principal != "") == (step.state == "assigned")
        before = [task.steps[name].state == "completed" for name in step.after]
        assert (step.state == "blocked") <= (not all(before)), f"{step.id} is blocked for nothing"
    for name_and_key, seq in task.keys.items():
        effect = task.effects[seq]
        assert (effect.step, effect.key) == name_and_key
    for effect in task.effects.values():
        assert effect.state != "lost", "a lost effect is granted again, waits, or is given up"
        open_step = task.steps[effect.step].state in {"ready", "assigned", "backing_off"}
        assert open_step or effect.state not in {"held", "escalated"}, "nobody waits for it any more"
        assert (effect.reserved != NOTHING) <= (effect.state == "granted")


def _reservations_add_up(state: State) -> None:
    by_tenant: dict[str, Amounts] = {}
    for task in state.tasks.values():
        granted = [effect for effect in task.effects.values() if effect.state == "granted"]
        assert task.account.reserved == total(effect.reserved for effect in granted)
        for step in task.steps.values():
            mine = total(effect.reserved for effect in granted if effect.step == step.id)
            assert step.account.reserved == mine
        by_tenant[task.tenant] = by_tenant.get(task.tenant, NOTHING).plus(task.account.reserved)
    for name, reserved in by_tenant.items():
        assert state.tenants.get(name, Account()).reserved == reserved
    assert state.fleet.reserved == total(by_tenant.values())
    assert state.fleet.spent == total(account.spent for account in state.tenants.values())


def _hands_hold_what_is_assigned(state: State) -> None:
    steps = {
        (task.id, step.id): step
        for task in state.tasks.values()
        for step in task.steps.values()
        if step.state == "assigned"
    }
    held = {key: agent.principal for agent in state.agents.values() for key in agent.in_hand}
    assert held == {key: step.principal for key, step in steps.items()}
    for agent in state.agents.values():
        assert len(agent.in_hand) <= agent.capacity
        assert all(steps[key].attempt == attempt for key, attempt in agent.in_hand.items())
    running = {tenant: count for tenant, count in state.running.items() if count}
    counted: dict[str, int] = {}
    for task, _ in steps:
        counted[state.tasks[task].tenant] = counted.get(state.tasks[task].tenant, 0) + 1
    assert running == counted
    granted = {
        effect.seq: effect.worker
        for task in state.tasks.values()
        for effect in task.effects.values()
        if effect.state == "granted"
    }
    assert granted == {seq: worker.principal for worker in state.workers.values() for seq in worker.in_hand}
    assert all(len(worker.in_hand) <= worker.capacity for worker in state.workers.values())


def _queue_is_what_is_ready(state: State) -> None:
    ready = {
        (step.role, task.id, step.id)
        for task in state.tasks.values()
        for step in task.steps.values()
        if step.state == "ready" and task.moving
    }
    queue = [(role, entry.task, entry.step) for role in state.ready for entry in waiting(state, role)]
    assert len(queue) == len(set(queue)), "a step stands in the queue twice"
    assert set(queue) == ready
    starved = sorted(
        (effect.seq, task.id)
        for task in state.tasks.values()
        for effect in task.effects.values()
        if effect.state == "held" and effect.waits_for == "capacity"
    )
    assert list(state.starved) == starved


def total(amounts: Iterable[Amounts]) -> Amounts:
    """Return the sum."""
    found = NOTHING
    for amount in amounts:
        found = found.plus(amount)
    return found
