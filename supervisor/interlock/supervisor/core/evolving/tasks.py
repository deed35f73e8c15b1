"""How facts about a whole task change the state."""

from interlock.contracts import facts
from interlock.contracts.budget import Amounts
from interlock.supervisor.core.account import Account
from interlock.supervisor.core.accounts import charge
from interlock.supervisor.core.changes import drop_open_steps, put_step, put_task, requeue, unblock
from interlock.supervisor.core.clocks import start_task, stop_task
from interlock.supervisor.core.state import NO_MAP, State, Step, Task, replace
from interlock.supervisor.core.transitions import next_hold, next_phase
from interlock.supervisor.errors import IllegalFact

PLANNER, REVIEWER = "planner", "reviewer"
ONE_REPLAN = Amounts(replans=1)


def task_of(state: State, number: int) -> Task:
    """Return a task that facts speak of; raise IllegalFact if there is none."""
    task = state.tasks.get(number)
    if task is None:
        raise IllegalFact(f"there is no task {number}")
    return task


def accepted(state: State, number: int, fact: facts.Accepted) -> State:
    """Begin a task."""
    if number in state.tasks:
        raise IllegalFact(f"task {number} is accepted already")
    task = Task(
        id=number,
        goal=fact.goal,
        submitter=fact.submitter,
        tenant=fact.tenant,
        priority=fact.priority,
        docs=fact.docs,
        model=fact.model,
        review=fact.review,
        criteria=fact.criteria,
        deadline_ms=fact.deadline_ms,
        account=Account(budget=fact.budget),
        phase=next_phase("none", "accepted"),
        held_since_ms=fact.at_ms,
    )
    state = replace(put_task(state, task), active=state.active.set(number, None))
    return state if state.switch == "paused" else start_task(state, number, fact.at_ms)


def plan_requested(state: State, number: int, fact: facts.PlanRequested) -> State:
    """Ask a planner; a replan drops what is unfinished."""
    task = task_of(state, number)
    if fact.replan:
        state = drop_open_steps(state, number, fact.at_ms)
        task = state.tasks[number]
        state = charge(state, task, None, "", lambda account: account.spend(ONE_REPLAN, fact.at_ms))
    task = state.tasks[number]
    task = replace(
        task, phase=next_phase(task.phase, "plan_requested"), plan_rounds=task.plan_rounds + int(fact.replan)
    )
    step = Step(id=fact.step, role=PLANNER, title="Plan", state="ready", refusals=fact.refusals)
    return put_step(put_task(state, task), task, step)


def planned(state: State, number: int, fact: facts.Planned) -> State:
    """Lay out the plan's steps; those without predecessors are ready."""
    task = task_of(state, number)
    steps = task.steps
    for planned_step in fact.steps:
        steps = steps.set(
            planned_step.id,
            Step(
                id=planned_step.id,
                role=planned_step.role,
                title=planned_step.title,
                input=planned_step.input,
                after=planned_step.after,
            ),
        )
    task = replace(
        task,
        phase=next_phase(task.phase, "planned"),
        steps=steps,
        order=tuple(step.id for step in fact.steps),
        criteria=fact.criteria or task.criteria,
        plan_refusals=0,
    )
    return unblock(put_task(state, task), number)


def plan_refused(state: State, number: int, _fact: facts.PlanRefused) -> State:
    """Count a plan that will not do."""
    task = task_of(state, number)
    phase = next_phase(task.phase, "plan_refused")
    return put_task(state, replace(task, phase=phase, plan_refusals=task.plan_refusals + 1))


def review_requested(state: State, number: int, fact: facts.ReviewRequested) -> State:
    """Ask a reviewer to judge the plan's results."""
    task = task_of(state, number)
    task = replace(
        task,
        phase=next_phase(task.phase, "review_requested"),
        review_rounds=max(task.review_rounds, fact.round),
    )
    step = Step(id=fact.step, role=REVIEWER, title="Review", after=task.order, state="ready")
    return put_step(put_task(state, task), task, step)


def reviewed(state: State, number: int, fact: facts.Reviewed) -> State:
    """Keep the reviewer's reasons where people look for them."""
    task = task_of(state, number)
    phase = next_phase(task.phase, "reviewed")
    return put_task(state, replace(task, phase=phase, reason="; ".join(fact.reasons)))


def held(state: State, number: int, fact: facts.Paused | facts.Parked) -> State:
    """Stop the task's clock and take its steps out of the queue; what it is parked for outlasts a pause."""
    task = task_of(state, number)
    name = "paused" if isinstance(fact, facts.Paused) else "parked"
    hold = next_hold(task.hold, name)
    if isinstance(fact, facts.Parked):
        task = replace(task, parked_for=fact.kind, lack=fact.lack, reason=fact.reason)
    elif not task.parked_for:
        task = replace(task, reason=fact.reason)
    held_since_ms = fact.at_ms if task.account.clocks else task.held_since_ms
    task = replace(task, hold=hold, held_since_ms=held_since_ms)
    return requeue(stop_task(put_task(state, task), number, fact.at_ms), number)


def resumed(state: State, number: int, fact: facts.Resumed) -> State:
    """Start the task's clock again; the deadlines of steps in hand move by the time it stood still."""
    task = task_of(state, number)
    stood_ms = max(0, fact.at_ms - task.held_since_ms)
    steps = task.steps
    for step in task.steps.values():
        if step.state == "assigned":
            steps = steps.set(step.id, replace(step, deadline_ms=step.deadline_ms + stood_ms))
    task = replace(
        task,
        hold=next_hold(task.hold, "resumed"),
        parked_for="",
        lack=None,
        reason="",
        steps=steps,
        repeats=NO_MAP,
        held_since_ms=fact.at_ms,
    )
    state = put_task(state, task)
    if state.switch != "paused":
        state = start_task(state, number, fact.at_ms)
    return requeue(state, number)


def limit_raised(state: State, number: int, fact: facts.LimitRaised) -> State:
    """Set the raised budget; what steps may spend rises with it, or they could never go on."""
    task = task_of(state, number)
    steps = task.steps
    for step in task.steps.values():
        account = replace(step.account, budget=step.account.budget.raised_by(fact.more))
        steps = steps.set(step.id, replace(step, account=account))
    account = replace(task.account, budget=fact.budget, warned=())
    return put_task(state, replace(task, account=account, steps=steps))


def budget_warned(state: State, number: int, fact: facts.BudgetWarned) -> State:
    """Remember that this limit was warned of; of earlier days nothing is remembered."""
    known = task_of(state, number).account if number else state.shared.get(fact.scope, Account())
    kept = tuple(warned for warned in known.warned if warned[1] in {0, fact.day} or not fact.day)
    account = replace(known, warned=(*kept, (fact.dimension, fact.day)))
    if number:
        return put_task(state, replace(state.tasks[number], account=account))
    return replace(state, shared=state.shared.set(fact.scope, account))


def loop_found(state: State, number: int, fact: facts.LoopFound) -> State:
    """Begin to count anew, for when a person lets it go on."""
    task = task_of(state, number)
    step = task.steps.get(fact.step)
    if step is None:
        raise IllegalFact(f"task {number} has no step {fact.step}")
    return put_step(state, task, replace(step, in_vain=0))


def ended(state: State, number: int, fact: facts.Completed | facts.Failed | facts.Halted) -> State:
    """End the task; only what is needed to answer for effects in flight stays."""
    task = task_of(state, number)
    name = type(fact).__name__.lower()
    phase = next_phase(task.phase, name)
    state = stop_task(drop_open_steps(state, number, fact.at_ms), number, fact.at_ms)
    task = state.tasks[number]
    in_flight = {e.seq: e for e in task.effects.values() if e.state == "granted"}
    task = replace(
        task,
        phase=phase,
        hold="free",
        lack=None,
        reason="" if isinstance(fact, facts.Completed) else fact.reason,
        steps=NO_MAP,
        order=(),
        effects=NO_MAP.update(in_flight),
        keys=NO_MAP,
        waiting=(),
        repeats=NO_MAP,
    )
    starved = tuple(entry for entry in state.starved if entry[1] != number)
    waiting = tuple(waits for waits in state.waiting if waits != number)
    state = replace(
        put_task(state, task), active=state.active.delete(number), starved=starved, waiting=waiting
    )
    return replace(state, settling=state.settling.set(number, None)) if in_flight else state
