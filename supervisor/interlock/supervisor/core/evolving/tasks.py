"""How facts about a whole task change the state."""

from interlock.contracts import facts
from interlock.contracts.budget import Amounts
from interlock.contracts.message import snake
from interlock.supervisor.core.account import Account
from interlock.supervisor.core.accounts import charge
from interlock.supervisor.core.changes import (
    drop_open_steps,
    forget_people,
    put_step,
    put_task,
    requeue,
    unblock,
)
from interlock.supervisor.core.clocks import let_flow, start_task, stop_task
from interlock.supervisor.core.evolving.kills import halted
from interlock.supervisor.core.evolving.switches import forget_steps
from interlock.supervisor.core.state import NO_MAP, State, Step, Task, replace
from interlock.supervisor.core.switches import flows
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
        accepted_ms=fact.at_ms,
    )
    state = replace(put_task(state, task), active=state.active.set(number, None))
    return start_task(state, number, fact.at_ms) if flows(state, task) else state


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
    return let_flow(put_step(put_task(state, task), task, step), number, fact.at_ms)


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


def held(state: State, number: int, fact: facts.Paused | facts.Drained | facts.Parked) -> State:
    """Take the task's steps out of the queue; what it is parked for outlasts a pause.

    Its clock stands, but in a task that is drained, until the steps in hand have ended.
    """
    task = task_of(state, number)
    hold = next_hold(task.hold, snake(type(fact).__name__))
    if isinstance(fact, facts.Parked):
        task = replace(task, parked_for=fact.kind, lack=fact.lack, reason=fact.reason)
    elif not task.parked_for:
        task = replace(task, reason=fact.reason)
    drains = isinstance(fact, facts.Drained)
    task = replace(
        task,
        hold=hold,
        until_ms=fact.until_ms if isinstance(fact, facts.Paused) else None,
        drained_by=fact.by if isinstance(fact, facts.Drained) else "",
        drain=fact.input if isinstance(fact, facts.Drained) else 0,
    )
    state = _drains(put_task(state, task), number, drains=drains)
    return requeue(let_flow(state, number, fact.at_ms), number)


def resumed(state: State, number: int, fact: facts.Resumed) -> State:
    """Let the task go on, and its clock."""
    task = task_of(state, number)
    task = replace(
        task,
        hold=next_hold(task.hold, "resumed"),
        parked_for="",
        lack=None,
        reason="",
        repeats=NO_MAP,
        until_ms=None,
        drained_by="",
        drain=0,
    )
    state = _drains(put_task(state, task), number, drains=False)
    return requeue(let_flow(state, number, fact.at_ms), number)


def _drains(state: State, number: int, *, drains: bool) -> State:
    if drains == (number in state.draining):
        return state
    others = tuple(each for each in state.draining if each != number)
    return replace(state, draining=tuple(sorted((*others, number))) if drains else others)


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
    phase = next_phase(task.phase, snake(type(fact).__name__))
    if isinstance(fact, facts.Halted):
        state = halted(state, task, fact)
    state = stop_task(drop_open_steps(state, number, fact.at_ms), number, fact.at_ms)
    task = state.tasks[number]
    in_flight = {e.seq: e for e in task.effects.values() if e.state == "granted"}
    task = replace(
        task,
        phase=phase,
        hold="free",
        until_ms=None,
        drained_by="",
        drain=0,
        lack=None,
        reason="" if isinstance(fact, facts.Completed) else fact.reason,
        steps=NO_MAP,
        order=(),
        effects=NO_MAP.update(in_flight),
        keys=NO_MAP,
        waiting=(),
        repeats=NO_MAP,
        asked=(),
        suspended=(),
        paused_ms=0,
    )
    starved = tuple(entry for entry in state.starved if entry[1] != number)
    waiting = tuple(waits for waits in state.waiting if waits != number)
    state = replace(
        put_task(state, task), active=state.active.delete(number), starved=starved, waiting=waiting
    )
    state = forget_people(forget_steps(_drains(state, number, drains=False), number), number)
    if number in state.violations:
        state = replace(state, violations=state.violations.delete(number))
    return replace(state, settling=state.settling.set(number, None)) if in_flight else state
