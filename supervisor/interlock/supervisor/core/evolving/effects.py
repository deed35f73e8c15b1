"""How facts about an effect change the state, and the accounts of every scope with it."""

from interlock.contracts import facts
from interlock.contracts.budget import NOTHING
from interlock.contracts.effect import ToolCall
from interlock.supervisor.core.accounts import charge
from interlock.supervisor.core.autonomy import CHANGING
from interlock.supervisor.core.changes import put_effect, put_step, put_task, with_effect
from interlock.supervisor.core.demands import demand_of
from interlock.supervisor.core.evolving.kills import effect_ended
from interlock.supervisor.core.evolving.policies import mishap
from interlock.supervisor.core.evolving.tasks import task_of
from interlock.supervisor.core.state import Effect, State, Step, Task, replace
from interlock.supervisor.core.transitions import next_effect
from interlock.supervisor.errors import IllegalFact

NO_DEMAND = facts.Demand(kind="ask", name="person")
FRUITFUL = ("completed", "answered")
MOST_TAINTS = 8
_COUNTED = (*FRUITFUL, "failed", "denied")


def granted(state: State, number: int, fact: facts.EffectGranted) -> State:
    """Reserve in every scope and put the effect into the worker's hand."""
    task = task_of(state, number)
    effect = _begun(task, fact, fact.demand)
    moved = replace(
        effect,
        state=next_effect(effect.state, "effect_granted"),
        demand=_still_judged(effect.demand, fact),
        attempt=fact.attempt,
        grant=fact.grant,
        granted_attempt=fact.attempt,
        worker=fact.worker,
        reserved=fact.reserved,
        repeatable=fact.repeatable,
        max_output_tokens=fact.max_output_tokens,
        to_count=fact.to_count,
        policies=fact.policies,
        flags=fact.flags,
        arguments=fact.arguments,
        call=fact.call,
        untrusted=fact.untrusted,
        waits_for="",
        holders=(*effect.holders, fact.worker),
        withdrawn=False,
    )
    state, task = with_effect(state, task, moved)
    step = task.steps.get(fact.step)
    state = charge(state, task, step, moved.role, lambda account: account.reserve(fact.reserved))
    if not task.active:
        state = replace(state, settling=state.settling.set(number, None))
    worker = state.workers.get(fact.worker)
    if worker is None:
        return state
    worker = replace(worker, in_hand=worker.in_hand.set(fact.effect, number))
    return replace(state, workers=state.workers.set(worker.principal, worker))


def held(state: State, number: int, fact: facts.EffectHeld) -> State:
    """Let the effect wait."""
    task = task_of(state, number)
    effect = _begun(task, fact, fact.demand)
    moved = replace(
        effect,
        state=next_effect(effect.state, "effect_held"),
        attempt=fact.attempt,
        waits_for=fact.waits_for,
        worker="",
    )
    return put_effect(state, task, moved)


def denied(state: State, number: int, fact: facts.EffectDenied) -> State:
    """Refuse the effect for good."""
    task = task_of(state, number)
    effect = _begun(task, fact, NO_DEMAND)
    moved = replace(
        effect,
        state=next_effect(effect.state, "effect_denied"),
        demand=_unprompted(effect.demand),
        attempt=fact.attempt,
        reason=f"{fact.rule}: {fact.reason}",
    )
    if state.kills:
        state = effect_ended(state, task, effect, effect.unbegun)
    state, task = with_effect(state, task, moved)
    step = _progress(task.steps.get(fact.step), moved)
    return put_task(state, task) if step is None else put_step(state, task, step)


def recommended(state: State, number: int, fact: facts.EffectRecommended) -> State:
    """Let it stay a suggestion."""
    task = task_of(state, number)
    effect = _begun(task, fact, facts.Demand(kind="tool", name=fact.tool))
    moved = replace(
        effect,
        state=next_effect(effect.state, "effect_recommended"),
        attempt=fact.attempt,
        reason=fact.reason,
    )
    return put_effect(state, task, moved)


def asked(state: State, number: int, fact: facts.Escalated) -> State:
    """Let the effect wait for people; what it asks for stays at hand, and the model that they judge."""
    task = task_of(state, number)
    demand = NO_DEMAND
    if fact.demand is not None:
        demand = replace(fact.demand, arguments=fact.arguments)
    elif fact.kind == "approval":
        demand = demand_of(ToolCall(tool=fact.tool, arguments=fact.arguments))
    effect = _begun(task, fact, demand)
    moved = replace(
        effect,
        state=next_effect(effect.state, "effect_escalated"),
        demand=replace(effect.demand, name=demand.name, arguments=demand.arguments),
        attempt=fact.attempt,
        needs=(),
        approvals=(),
        approved_until_ms=0,
        requester_may=False,
        asked=fact.number,
        waits_for="",
    )
    return put_effect(state, task, moved)


def escalated(state: State, number: int, fact: facts.EffectEscalated) -> State:
    """Let the effect wait for a person."""
    task = task_of(state, number)
    effect = _begun(task, fact, NO_DEMAND)
    moved = replace(effect, state=next_effect(effect.state, "effect_escalated"), attempt=fact.attempt)
    return put_effect(state, task, moved)


def repeated(state: State, number: int, fact: facts.EffectRepeated) -> State:
    """Let the outcome go to the attempt that asked last."""
    task = task_of(state, number)
    effect = _effect(task, fact.effect)
    return put_effect(state, task, replace(effect, attempt=fact.attempt))


def settled(state: State, number: int, fact: facts.EffectSettled) -> State:
    """Give back the reservation, count what was spent, free the worker's hand."""
    task = task_of(state, number)
    effect = _effect(task, fact.effect)
    if fact.fate is not None:
        state = effect_ended(state, task, effect, fact.fate, fact.outcome, fact.started_us, fact.ended_us)
    reserved, demand = effect.reserved, effect.demand
    if fact.end == "counted":
        demand = replace(demand, counted_tokens=fact.counted_tokens)
    elif fact.end != "lost":
        demand = _unprompted(demand)
    moved = replace(
        effect,
        demand=demand,
        state=next_effect(effect.state, fact.end),
        outcome=fact.outcome,
        reserved=NOTHING,
        to_count=False,
        waits_for="",
        doubtful=effect.doubtful or fact.end == "lost",
    )
    if task.active:
        state, task = with_effect(state, task, moved)
    else:
        task = replace(task, effects=task.effects.delete(effect.seq))
        if not task.effects:
            state = replace(state, settling=state.settling.delete(number))
    step = _progress(task.steps.get(effect.step), moved)
    if effect.state == "granted":
        spent, at_ms = fact.spent, fact.at_ms
        state = charge(state, task, step, effect.role, lambda a: a.settle(reserved, spent, at_ms))
    else:
        state = put_step(state, task, step) if step is not None else put_task(state, task)
    worker = state.workers.get(effect.worker)
    if worker is None or fact.effect not in worker.in_hand:
        return state
    tool = worker.tools.get(effect.demand.name) if effect.demand.kind == "tool" else None
    if fact.end == "failed" and tool is not None and tool.risk in CHANGING:
        state = mishap(state, effect.role, tool.risk, task.tenant, fact.at_ms)
    worker = replace(worker, in_hand=worker.in_hand.delete(fact.effect))
    return replace(state, workers=state.workers.set(worker.principal, worker))


_First = (
    facts.EffectGranted
    | facts.EffectHeld
    | facts.EffectDenied
    | facts.EffectEscalated
    | facts.EffectRecommended
    | facts.Escalated
)


def _begun(task: Task, fact: _First, demand: facts.Demand) -> Effect:
    known = task.effects.get(fact.effect)
    if known is not None:
        return known
    step = task.steps.get(fact.step)
    undoes = isinstance(fact, facts.EffectGranted) and fact.call is not None
    if step is None and not undoes:
        raise IllegalFact(f"task {task.id} has no step {fact.step}")
    return Effect(
        seq=fact.effect,
        step=fact.step,
        role=fact.role if isinstance(fact, facts.EffectGranted) and undoes else _role(step),
        key=fact.key,
        attempt=fact.attempt,
        demand=demand,
        state="none",
    )


def _still_judged(known: facts.Demand, fact: facts.EffectGranted) -> facts.Demand:
    """Return a demand with its arguments, which are said once alone, or those in their place."""
    if fact.demand.arguments is not None:
        return fact.demand
    placed = fact.arguments if fact.demand.kind == "tool" else None
    return replace(fact.demand, arguments=known.arguments if placed is None else placed)


def _unprompted(demand: facts.Demand) -> facts.Demand:
    """Return a demand without what a model is asked: of what has ended, nobody judges that any more."""
    return replace(demand, arguments=None) if demand.kind == "model" and demand.arguments else demand


def _role(step: Step | None) -> str:
    return "" if step is None else step.role


def _progress(step: Step | None, effect: Effect) -> Step | None:
    """Return the step with the count of what was in vain since its last success."""
    if step is None or effect.state not in _COUNTED or effect.call is not None:
        return step
    in_vain = 0 if effect.state in FRUITFUL else step.in_vain + 1
    tainted = step.tainted
    if effect.untrusted and effect.state == "completed" and len(tainted) < MOST_TAINTS:
        tainted = (*tainted, effect.seq)
    same = in_vain == step.in_vain and tainted is step.tainted
    return step if same else replace(step, in_vain=in_vain, tainted=tainted)


def _effect(task: Task, seq: int) -> Effect:
    effect = task.effects.get(seq)
    if effect is None:
        raise IllegalFact(f"task {task.id} has no effect {seq}")
    return effect
