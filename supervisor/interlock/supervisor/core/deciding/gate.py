"""The effect gate: decides whether an effect may happen.

Switches, then charter, then the submitter's own rights, then autonomy, then budget, then a worker.

The answer is a fact: granted with its reservation, denied with the rule, held with what it waits for, or
escalated to a person.
"""

from interlock.contracts import facts
from interlock.contracts.charter import Charter
from interlock.contracts.consent import asked_of_model
from interlock.contracts.effect import AskCall, Call, EffectRequest, ModelCall
from interlock.contracts.facts import Demand
from interlock.contracts.inputs import Input
from interlock.contracts.message import line
from interlock.supervisor.core.deciding.denying import denied
from interlock.supervisor.core.deciding.entitling import effect_forbidden
from interlock.supervisor.core.deciding.granting import try_grant
from interlock.supervisor.core.deciding.offers import allows_model, charter_of
from interlock.supervisor.core.deciding.people.escalating import ask_question
from interlock.supervisor.core.deciding.people.parking import park
from interlock.supervisor.core.deciding.steps import current_step
from interlock.supervisor.core.demands import demand_of
from interlock.supervisor.core.limits import MAX_EFFECTS_IN_VAIN, MAX_EFFECTS_PER_TASK, MAX_SAME_EFFECTS
from interlock.supervisor.core.policy.rulings import asks_of_models
from interlock.supervisor.core.state import Effect, Step, Task, replace
from interlock.supervisor.core.switches import forbids
from interlock.supervisor.core.turn import Turn


def effect_asked(turn: Turn, said: Input, body: EffectRequest) -> None:
    """Decide about one request; the same key asked again stays the effect that it was."""
    step = current_step(turn, said, body.step, body.attempt)
    if step is None:
        return
    task = turn.state.tasks[said.task]
    known = task.effects.get(task.keys.get((body.step, body.key), 0))
    if known is not None and not _tried_again(known, body.attempt):
        turn.say(task.id, facts.EffectRepeated(effect=known.seq, attempt=body.attempt))
        return
    effect = Effect(
        seq=said.seq,
        step=body.step,
        role=step.role,
        key=body.key,
        attempt=body.attempt,
        demand=_demand(turn, body.call, task.model),
        state="none",
    )
    if isinstance(body.call, AskCall):
        ask_question(turn, task.id, effect, body.call.question, charter_of(turn, task, effect))
        return
    agent = turn.state.agents.get(said.principal)
    if agent is None:
        turn.refuse(task.id, said.seq, f"late: {said.principal} is not here any more")
        return
    _stop_loop(turn, task, step, effect)
    rule = _switched_off(turn, effect) or _forbidden(agent.charter, effect, task)
    if rule is None and turn.state.entitlements:
        rule = effect_forbidden(turn.state, task, said.principal, effect.demand, effect.demand.name)
    if rule is not None:
        turn.say(task.id, denied(effect, *rule))
        return
    try_grant(turn, task.id, effect)


def _demand(turn: Turn, call: Call, model: str) -> Demand:
    """Return what a call needs; where people may be asked about models, with all that is asked."""
    demand = demand_of(call, model)
    if isinstance(call, ModelCall) and asks_of_models(turn.state.policies):
        return replace(demand, arguments=asked_of_model(call))
    return demand


def _tried_again(effect: Effect, attempt: int) -> bool:
    """Tell whether a later attempt at the step may have an effect done anew: it ended without being done."""
    undone = effect.state == "failed" or (effect.state == "aborted" and effect.repeatable)
    return undone and attempt > effect.attempt


def _stop_loop(turn: Turn, task: Task, step: Step, effect: Effect) -> None:
    """Park a task in which a step asks for the same again and again, or for this and that in vain."""
    times = task.repeats.get((step.id, effect.demand.digest), 0)
    name = f"{effect.demand.kind} {effect.demand.name}".strip()
    if times >= MAX_SAME_EFFECTS:
        found = facts.LoopFound(step=step.id, kind="same_effect", times=times, what=name)
        what = f"asks for the same {name} for the {times + 1}th time"
    elif step.in_vain >= MAX_EFFECTS_IN_VAIN:
        found = facts.LoopFound(step=step.id, kind="no_progress", times=step.in_vain, what=name)
        what = f"has had {step.in_vain} effects in a row in vain"
    else:
        return
    turn.say(task.id, found)
    if task.hold != "parked":
        reason = f"step {step.id} ({step.role}) {what}: look, resume or kill"
        parked = facts.Parked(at_ms=turn.now_ms, kind="loop", reason=line(reason))
        park(turn, task.id, parked, step=step.id)


def _switched_off(turn: Turn, effect: Effect) -> tuple[str, str] | None:
    if not turn.state.switches:
        return None
    why = forbids(turn.state, effect.demand, effect.demand.name, new=True)
    return ("switch", line(why)) if why else None


def _forbidden(charter: Charter, effect: Effect, task: Task) -> tuple[str, str] | None:
    if len(task.effects) >= MAX_EFFECTS_PER_TASK:
        return "limits.effects", f"a task may have at most {MAX_EFFECTS_PER_TASK} effects"
    name = effect.demand.name
    if effect.demand.kind == "model":
        if name and not allows_model(charter, name):
            return "charter.models", f"the charter of {charter.role} does not allow the model {name}"
        if not charter.models:
            return "charter.models", f"the charter of {charter.role} allows no model"
        return None
    if name not in charter.tools:
        return "charter.tools", f"the charter of {charter.role} does not list the tool {name}"
    return None
