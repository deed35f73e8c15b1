"""What must be true of every decision and of every state, whatever led there."""

from collections.abc import Iterable, Iterator

from interlock.contracts import facts
from interlock.contracts.budget import DIMENSIONS, NOTHING, Amounts, Budget
from interlock.contracts.decision import Decision
from interlock.contracts.facts import AnyFact
from interlock.contracts.message import decode, encode
from interlock.contracts.scope import FLEET, Doing, Scope, covers
from interlock.supervisor.core.account import DAY_MS, Account
from interlock.supervisor.core.evolve import evolve
from interlock.supervisor.core.limits import MAX_PLAN_REFUSALS, MAX_STEP_FAILURES, MAX_STEP_LOSSES
from interlock.supervisor.core.ready import waiting
from interlock.supervisor.core.state import State, Step, Task
from interlock.supervisor.core.transitions import ENDED_EFFECTS
from interlock.supervisor.core.turn import Decided

Told = dict[int, list[AnyFact]]

_STARTS = (facts.StepAssigned, facts.EffectGranted)


def uphold(before: State, decided: Decided, again: Decided, now_ms: int, *, torn: bool = False) -> None:
    """Check one decision: deterministic, folded from its facts alone, and lawful afterwards unless torn."""
    assert again.by_task == decided.by_task, "the same input must decide the same"
    assert again.state == decided.state
    assert not decided.outgrown, "what is decided must fit a record"
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
                _may_start(state, state.tasks[task], fact)
            elif isinstance(fact, facts.EffectSettled):
                effect = state.tasks[task].effects[fact.effect]
                assert fact.grant == (effect.grant if effect.state == "granted" else 0), "settled once"
            state = evolve(state, task, fact)
    return state


def _may_start(state: State, task: Task, fact: facts.StepAssigned | facts.EffectGranted) -> None:
    """Check that nothing stands in the way of what begins: no hold, no switch."""
    moves = task.moving if isinstance(fact, facts.StepAssigned) else task.going
    # A person has what was done undone also when the task is over.
    undoes = isinstance(fact, facts.EffectGranted) and fact.call is not None
    assert moves or undoes, f"{fact} in a task that stands still"
    step = task.steps.get(fact.step) or Step(id=fact.step, role=getattr(fact, "role", ""))
    demand = fact.demand if isinstance(fact, facts.EffectGranted) else facts.Demand(kind="ask", name="")
    doing = Doing(
        task=task.id,
        step=step.id,
        agent=fact.principal if isinstance(fact, facts.StepAssigned) else step.principal,
        role=step.role,
        tenant=task.tenant,
        tool=demand.name if demand.kind == "tool" else "",
        model=demand.name if demand.kind == "model" else "",
    )
    for scope, switch in state.switches.items():
        drains = isinstance(fact, facts.StepAssigned) and scope.kind in {"agent", "role", "step"}
        if covers(scope, doing):
            assert switch.state == "draining", f"{fact} while {scope} is {switch.state}"
            assert not drains, f"{fact} while {scope} is drained"


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
    _switches_are_obeyed(state)
    _kills_are_accounted_for(state)
    _people_are_asked(state)


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
    tenant = state.switches.get(Scope(kind="tenant", name=task.tenant))
    paused = state.switch == "paused" or (tenant is not None and tenant.state == "paused")
    stands = not task.going or paused or _awaits(task)
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
        open_step = task.steps[effect.step].state in {"ready", "assigned", "awaiting", "backing_off"}
        assert open_step or effect.state not in {"held", "escalated"}, "nobody waits for it any more"
        assert (effect.reserved != NOTHING) <= (effect.state == "granted")
        assert not (effect.to_count and effect.demand.counted_tokens is not None), "it is counted already"


def _awaits(task: Task) -> bool:
    """Tell whether all that could go on in a task waits for people."""
    states = [step.state for step in task.steps.values()]
    return "awaiting" in states and not {"ready", "assigned", "backing_off"}.intersection(states)


def open_steps(state: State, number: int) -> set[str]:
    """Return the steps of a task that may still come to something."""
    return {
        name
        for name, step in state.tasks[number].steps.items()
        if step.state not in {"completed", "dead", "dropped"}
    }


def _people_are_asked(state: State) -> None:
    """Check that what waits for people is asked of them, once, and that nothing is asked in vain."""
    open_effects: dict[tuple[int, int], int] = {}
    for (number, each), known in state.escalations.items():
        said = known.said
        assert 0 < each == said.number <= state.escalated[number]
        assert (number, each) not in state.verdicts, "it is decided and open"
        if not number:
            continue
        assert state.tasks[number].active, "it is asked of a task that is over"
        if said.canary:
            assert (said.effect, said.blocks) == (0, False), "something hangs on what is planted"
            assert said.step in open_steps(state, number), "it is planted in a step that is over"
        elif said.kind in {"approval", "question"}:
            assert (number, said.effect) not in open_effects, "it is asked twice"
            open_effects[number, said.effect] = each
    asked = {
        (task.id, effect.seq): effect.asked
        for task in state.tasks.values()
        for effect in task.effects.values()
        if effect.state == "escalated"
    }
    assert asked == open_effects
    for task in state.tasks.values():
        mine = sorted(effect.seq for effect in task.effects.values() if effect.state == "escalated")
        assert list(task.asked) == mine
        assert list(task.suspended) == sorted(s.id for s in task.steps.values() if s.state == "awaiting")
        for name in task.suspended:
            _is_suspended_for_a_reason(state, task, name)


def _is_suspended_for_a_reason(state: State, task: Task, name: str) -> None:
    if task.steps[name].role == "human":
        asked = [k.said for (n, _), k in state.escalations.items() if n == task.id and k.said.step == name]
        assert [said.kind for said in asked] == ["step"]
        return
    waiting = [e.state for e in task.effects.values() if e.step == name and e.state not in ENDED_EFFECTS]
    assert waiting, f"{name} waits for nothing"
    assert task.parked_for or "escalated" in waiting


def _switches_are_obeyed(state: State) -> None:
    """Check that nothing lives on in what is killed, and that the derived parts of the state fit."""
    for scope, switch in state.switches.items():
        assert switch.state != "running"
        assert scope.kind != "step" or state.tasks[scope.task].active, "a switch over what is over"
        if switch.state != "killed":
            continue
        for agent in state.agents.values():
            assert not covers(scope, Doing(agent=agent.principal, role=agent.charter.role)), "it is killed"
        for task in state.tasks.values():
            assert not (task.active and covers(scope, Doing(tenant=task.tenant))), "it lives on"
            for effect in task.effects.values():
                name, kind = effect.demand.name, effect.demand.kind
                doing = Doing(tool=name) if kind == "tool" else Doing(model=name)
                assert effect.state != "held" or not covers(scope, doing), "it waits for what is killed"
    fleet = state.switches.get(FLEET)
    assert state.switch == (fleet.state if fleet is not None else "running")
    models = sorted((scope for scope in state.switches if scope.kind == "model"), key=lambda each: each.name)
    assert list(state.patterns) == models
    draining = [task for task in state.tasks.values() if task.hold == "draining"]
    assert list(state.draining) == sorted(task.id for task in draining)
    for task in draining:
        assert any(step.state == "assigned" for step in task.steps.values()), "it has run dry"
        assert task.drained_by


def _kills_are_accounted_for(state: State) -> None:
    """Check that a kill without a receipt waits for something that is still to come."""
    for seq, kill in state.kills.items():
        assert kill.seq == seq
        for effect, number in kill.open.items():
            assert state.tasks[number].effects[effect].state not in ENDED_EFFECTS
        assert not set(kill.open) & set(kill.ended)
        assert kill.open or any(one.steps or one.ends for one in kill.processes.values())
    for (number, name), one in state.stopping.items():
        assert state.incarnation_of(one.principal) == one.incarnation, "it is gone, and cannot confirm"
        assert (number, name) not in state.agents[one.principal].in_hand
    for who, life in state.condemned.items():
        assert life.steps, "it has confirmed everything"
        assert state.incarnation_of(who) != life.incarnation, "it is condemned"


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
