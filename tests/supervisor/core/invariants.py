"""What must be true of every decision and of every state, whatever led there."""

from collections.abc import Iterable, Iterator

from interlock.contracts import facts
from interlock.contracts.budget import DIMENSIONS, NOTHING, Amounts, Budget
from interlock.contracts.decision import Decision
from interlock.contracts.facts import AnyFact
from interlock.contracts.message import decode, encode
from interlock.supervisor.core.account import DAY_MS, Account
from interlock.supervisor.core.evolve import evolve
from interlock.supervisor.core.limits import MAX_PLAN_REFUSALS, MAX_STEP_FAILURES, MAX_STEP_LOSSES
from interlock.supervisor.core.ready import waiting
from interlock.supervisor.core.state import State, Task
from interlock.supervisor.core.turn import Decided

Told = dict[int, list[AnyFact]]

_STARTS = (facts.StepAssigned, facts.EffectGranted)


def uphold(before: State, decided: Decided, again: Decided, now_ms: int, *, torn: bool = False) -> None:
    """Check one decision: deterministic, folded from its facts alone, and lawful afterwards unless torn."""
    assert again.by_task == decided.by_task, "the same input must decide the same"
    assert again.state == decided.state
    assert fold(before, decided.segments) == decided.state, "the facts must say it all"
    _counted_once(before, decided)
    if not torn:
        lawful(decided.state, before, now_ms)


def fold(state: State, segments: Iterable[tuple[int, list[AnyFact]]]) -> State:
    """Return the state after the facts as a reader of the log gets them; nothing starts where all stands."""
    for task, said in segments:
        decision = Decision(task=task, cause=1, at_ms=1, by="s", facts=tuple(said))
        for fact in decode(Decision, encode(decision)).facts:
            if isinstance(fact, _STARTS):
                assert state.tasks[task].moving, f"{fact} in a task that stands still"
                assert state.switch in {"running", "draining"}, f"{fact} in a fleet that is {state.switch}"
            state = evolve(state, task, fact)
    return state


def _counted_once(before: State, decided: Decided) -> None:
    """Check that a prompt is counted at most once, for nothing, and not sent as long as it is too long."""
    for number, said in decided.by_task.items():
        counts = [one for one in said if isinstance(one, facts.EffectSettled) and one.end == "counted"]
        for fact in counts:
            was, now = (s.tasks[number].effects[fact.effect] for s in (before, decided.state))
            assert was.demand.counted_tokens is None, "an effect is counted once"
            assert now.demand.counted_tokens == fact.counted_tokens
            assert (fact.basis, fact.spent) == ("nothing", NOTHING)
            assert was.to_count
            assert not now.to_count


def lawful(state: State, before: State | None = None, now_ms: int = 0) -> None:
    """Check a state from all sides."""
    _limits_hold(state, before, now_ms)
    _clocks_run_where_they_should(state)
    assert set(state.settling) == {t.id for t in state.tasks.values() if not t.active and t.effects}
    assert set(state.active) == {task.id for task in state.tasks.values() if task.active}
    for task in state.tasks.values():
        _task_is_consistent(state, task)
    _reservations_add_up(state)
    _hands_hold_what_is_assigned(state)
    _queue_is_what_is_ready(state)


def _limits_hold(state: State, before: State | None, now_ms: int) -> None:
    """Check every limit; where one was set below what is used, nothing more may come to it."""
    known = dict(accounts(before)) if before is not None else {}
    today = now_ms // DAY_MS
    for scope, account in accounts(state):
        earlier = known.get(scope, Account())
        _limit_holds(
            scope, account.budget, _used(account.spent, account), _then(earlier.spent, earlier, now_ms)
        )
        spent, spent_before = account.spent_on(today), earlier.spent_on(today)
        _limit_holds(scope, account.daily, _used(spent, account), _then(spent_before, earlier, now_ms))


def _limit_holds(scope: str, limits: Budget, used: Amounts, used_before: Amounts) -> None:
    for dimension in DIMENSIONS:
        limit, mine = getattr(limits, dimension), getattr(used, dimension)
        if limit is not None and mine > limit:
            assert mine <= getattr(used_before, dimension), f"{dimension} of {scope}: {mine} of {limit}"


def _used(spent: Amounts, account: Account) -> Amounts:
    return spent.plus(account.reserved)


def _then(spent: Amounts, account: Account, now_ms: int) -> Amounts:
    return _used(spent, account).plus(Amounts(wall_ms=account.running_ms(now_ms)))


def accounts(state: State) -> Iterator[tuple[str, Account]]:
    """Yield every account there is, with a name."""
    yield from state.shared.items()
    for task in state.tasks.values():
        yield f"task {task.id}", task.account
        for step in task.steps.values():
            yield f"step {step.id} of task {task.id}", step.account


def _task_is_consistent(state: State, task: Task) -> None:
    stands = not task.moving or state.switch == "paused"
    assert task.account.clocks == (0 if stands else 1), f"the clock of task {task.id}"
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
        assert not (effect.to_count and effect.demand.counted_tokens is not None), "it is counted already"


def _reservations_add_up(state: State) -> None:
    shared: dict[str, Amounts] = {}
    for task in state.tasks.values():
        granted = [effect for effect in task.effects.values() if effect.state == "granted"]
        assert task.account.reserved == total(effect.reserved for effect in granted)
        for step in task.steps.values():
            mine = total(effect.reserved for effect in granted if effect.step == step.id)
            assert step.account.reserved == mine
        for effect in granted:
            for scope in ("fleet", f"tenant {task.tenant}", f"role {effect.role}"):
                shared[scope] = shared.get(scope, NOTHING).plus(effect.reserved)
        assert task.waiting == _waiting(task)
    assert state.waiting == tuple(sorted(task.id for task in state.tasks.values() if task.waiting))
    for scope, account in state.shared.items():
        assert account.reserved == shared.pop(scope, NOTHING), scope
    assert not any(amounts != NOTHING for amounts in shared.values()), shared
    tenants = [account.spent for scope, account in state.shared.items() if scope.startswith("tenant ")]
    assert state.shared.get("fleet", Account()).spent == total(tenants)


def _waiting(task: Task) -> tuple[int, ...]:
    held = (e for e in task.effects.values() if e.state == "held" and e.waits_for != "capacity")
    return tuple(sorted(effect.seq for effect in held)) if task.active else ()


def _clocks_run_where_they_should(state: State) -> None:
    clocks: dict[str, list[int]] = {}
    for task in state.tasks.values():
        for scope in ("fleet", f"tenant {task.tenant}"):
            clocks.setdefault(scope, []).extend([task.account.started_ms] * task.account.clocks)
        for step in task.steps.values():
            runs = step.state == "assigned" and task.account.clocks
            assert step.account.clocks == (1 if runs else 0), f"the clock of step {step.id}"
            mine = [step.account.started_ms] * step.account.clocks
            clocks.setdefault(f"role {step.role}", []).extend(mine)
    for scope, account in state.shared.items():
        running = clocks.pop(scope, [])
        assert (account.clocks, account.started_ms) == (len(running), sum(running)), scope
    assert not any(clocks.values())


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
