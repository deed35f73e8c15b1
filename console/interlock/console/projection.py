"""Folds a task's decisions into what people see; it never decides and never fails on a fact.

One small function for each fact, in one table. A fact that the table does not know changes nothing.
"""

from collections.abc import Callable
from typing import Any

from interlock.console.budgets.lacks import said_park
from interlock.console.lines import named
from interlock.console.people.asked import PeopleFact, opened, take
from interlock.console.people.visible import visible
from interlock.console.stop.lines import because, until
from interlock.console.views import EffectView, StepView, TaskView
from interlock.contracts import facts as f
from interlock.contracts.decision import Decision
from interlock.contracts.results import Recommendation, TaskStatus

PLAN, REVIEW = "planner", "reviewer"
MAX_RECOMMENDATIONS = 256
HELD: frozenset[TaskStatus] = frozenset({"parked", "paused", "draining"})

Fold = Callable[[TaskView, Any, int], None]


def fold(view: TaskView, decision: Decision) -> None:
    """Bring `view` up to `decision`; a decision seen before (same or older cause) may be folded only once."""
    if not view.began_ms:
        view.began_ms = view.last_ms = decision.at_ms
    if view.clock_runs:
        view.active_ms += max(0, decision.at_ms - view.last_ms)
    view.last_ms = max(view.last_ms, decision.at_ms)
    view.cause = max(view.cause, decision.cause)
    for fact in decision.facts:
        on_fact = ON_FACT.get(type(fact))
        if on_fact is not None:
            on_fact(view, fact, decision.at_ms)


def _step(view: TaskView, step: str) -> StepView:
    known = view.steps.get(step)
    if known is None:
        known = view.steps[step] = StepView(id=step)
    return known


def _effect(view: TaskView, effect: int, step: str) -> EffectView:
    known = view.effects.get(effect)
    if known is None:
        known = view.effects[effect] = EffectView(effect=effect, step=step)
        _step(view, step).effects += 1
    return known


def _accepted(view: TaskView, fact: f.Accepted, _at_ms: int) -> None:
    view.goal, view.submitter, view.tenant = fact.goal, fact.submitter, fact.tenant
    view.budget, view.docs, view.status = fact.budget, fact.docs, "planning"


def _rejected(view: TaskView, fact: f.Rejected, _at_ms: int) -> None:
    view.status = "rejected"
    view.reason = f"{fact.reason} (at {fact.where})" if fact.where else fact.reason


def _plan_requested(view: TaskView, fact: f.PlanRequested, at_ms: int) -> None:
    step = _step(view, fact.step)
    step.role, step.title, step.since_ms = (
        PLAN,
        "plan again" if fact.refusals or fact.replan else "plan",
        at_ms,
    )
    view.status = "planning"
    view.replans += fact.replan


def _planned(view: TaskView, fact: f.Planned, at_ms: int) -> None:
    view.status, view.planned = "working", fact.steps
    for planned in fact.steps:
        step = _step(view, planned.id)
        step.role, step.title, step.since_ms = planned.role, planned.title, at_ms


def _plan_refused(view: TaskView, fact: f.PlanRefused, _at_ms: int) -> None:
    _step(view, fact.step).note = "refused: " + "; ".join(fact.reasons)


def _review_requested(view: TaskView, fact: f.ReviewRequested, at_ms: int) -> None:
    step = _step(view, fact.step)
    step.role, step.title, step.since_ms = REVIEW, f"review, round {fact.round}", at_ms
    view.status = "reviewing"


def _step_assigned(view: TaskView, fact: f.StepAssigned, at_ms: int) -> None:
    step = _step(view, fact.step)
    step.state, step.principal, step.attempt, step.since_ms = "working", fact.principal, fact.attempt, at_ms
    step.note = step.doing = ""


def _step_waiting(view: TaskView, fact: f.StepWaiting, _at_ms: int) -> None:
    step = _step(view, fact.step)
    step.state, step.note = "waiting", fact.reason


def _step_completed(view: TaskView, fact: f.StepCompleted, at_ms: int) -> None:
    step = _step(view, fact.step)
    step.state, step.result, step.ended_ms = "done", fact.result, at_ms
    step.note = step.doing = ""


def _step_failed(view: TaskView, fact: f.StepFailed, _at_ms: int) -> None:
    step = _step(view, fact.step)
    step.state, step.note, step.doing = (
        "retrying" if fact.retry_at_ms is not None else "dead",
        fact.message,
        "",
    )


def _step_lost(view: TaskView, fact: f.StepLost, _at_ms: int) -> None:
    step = _step(view, fact.step)
    step.state, step.note, step.doing = "retrying", f"{fact.principal}: {fact.reason}", ""


def _step_retried(view: TaskView, fact: f.StepRetried, _at_ms: int) -> None:
    _step(view, fact.step).state = "waiting"


def _step_dead(view: TaskView, fact: f.StepDead, at_ms: int) -> None:
    step = _step(view, fact.step)
    step.state, step.note, step.ended_ms, step.doing = "dead", fact.reason, at_ms, ""


def _step_reopened(view: TaskView, fact: f.StepReopened, _at_ms: int) -> None:
    step = _step(view, fact.step)
    step.state, step.note, step.doing = "reopened", "; ".join(fact.notes), ""
    view.status = "working"


def _granted(view: TaskView, fact: f.EffectGranted, _at_ms: int) -> None:
    effect = _effect(view, fact.effect, fact.step)
    effect.state, effect.name, effect.reserved, effect.reason = (
        "granted",
        named(fact.demand),
        fact.reserved,
        "",
    )
    effect.worker = fact.worker
    if fact.demand.kind == "model" and fact.demand.name not in view.models:
        view.models = (*view.models, fact.demand.name)
    _step(view, fact.step).doing = effect.name


def _held(view: TaskView, fact: f.EffectHeld, _at_ms: int) -> None:
    effect = _effect(view, fact.effect, fact.step)
    effect.state, effect.name, effect.reason = "held", named(fact.demand), fact.reason
    _step(view, fact.step).doing = f"waits: {fact.reason}"


def _denied(view: TaskView, fact: f.EffectDenied, _at_ms: int) -> None:
    effect = _effect(view, fact.effect, fact.step)
    effect.state, effect.end, effect.reason = "denied", "denied", fact.reason


def _escalated(view: TaskView, fact: f.EffectEscalated, _at_ms: int) -> None:
    effect = _effect(view, fact.effect, fact.step)
    effect.state, effect.name, effect.reason = "escalated", "ask", fact.question
    _step(view, fact.step).doing = "waits for a person"


def _recommended(view: TaskView, fact: f.EffectRecommended, _at_ms: int) -> None:
    effect = _effect(view, fact.effect, fact.step)
    effect.state, effect.end, effect.name, effect.reason = "ended", "recommended", fact.tool, fact.reason
    if len(view.recommendations) < MAX_RECOMMENDATIONS:
        said = Recommendation(
            effect=fact.effect,
            step=fact.step,
            tool=fact.tool,
            arguments=fact.arguments,
            reason=fact.reason,
        )
        view.recommendations = (*view.recommendations, said)


def _park(view: TaskView) -> f.Parked | None:
    return f.Parked(at_ms=0, kind="budget", reason=view.reason, lack=view.lack) if view.lack else None


def _asked(view: TaskView, fact: f.Escalated, _at_ms: int) -> None:
    asked = view.asked[fact.number] = opened(view.task, fact, _park(view))
    if asked.effect and fact.kind in {"approval", "question"}:
        effect = _effect(view, asked.effect, fact.step)
        effect.state, effect.name, effect.reason = "escalated", _wanted(fact), visible(fact.summary)
    if fact.step and asked.blocks:
        _step(view, fact.step).doing = f"waits for people ({asked.number})"


def _wanted(fact: f.Escalated) -> str:
    return named(fact.demand) if fact.demand else fact.tool or "ask"


def _changed(view: TaskView, fact: PeopleFact, _at_ms: int) -> None:
    asked = view.asked.get(fact.number)
    if asked is None:
        return
    take(asked, fact)
    if isinstance(fact, f.Resolved):
        del view.asked[fact.number]
        effect = view.effects.get(asked.effect)
        if asked.planted:
            _forget(view, asked.effect)
        elif effect is not None and effect.state == "escalated":
            effect.state, effect.reason = "held", ""
        if asked.said.step:
            _step(view, asked.said.step).doing = ""


def _forget(view: TaskView, effect: int) -> None:
    """Forget an effect that never was: it was planted."""
    known = view.effects.pop(effect, None)
    if known is not None:
        _step(view, known.step).effects -= 1


def _suspended(view: TaskView, fact: f.StepSuspended, at_ms: int) -> None:
    step = _step(view, fact.step)
    waits = " and ".join(str(asked.number) for asked in view.waits_for if asked.said.step == fact.step)
    step.state, step.principal, step.since_ms = "awaiting", "", at_ms
    step.note = f"waits for people ({waits})" if waits else f"waits for people{because(fact.reason)}"
    step.doing = ""


def _awakened(view: TaskView, fact: f.StepAwakened, _at_ms: int) -> None:
    step = _step(view, fact.step)
    step.state, step.note = "waiting", ""


def _settled(view: TaskView, fact: f.EffectSettled, _at_ms: int) -> None:
    view.spent = view.spent.plus(fact.spent)
    effect = view.effects.get(fact.effect)
    if effect is None:
        return
    effect.state, effect.end, effect.spent = "ended", fact.end, effect.spent.plus(fact.spent)
    if fact.end == "counted":
        effect.state = "held"
    step = _step(view, effect.step)
    step.spent = step.spent.plus(fact.spent)


def _raised(view: TaskView, fact: f.LimitRaised, _at_ms: int) -> None:
    view.budget = fact.budget


def _parked(view: TaskView, fact: f.Parked, _at_ms: int) -> None:
    _leave(view)
    view.status, view.parked_kind = "parked", fact.kind
    view.reason, view.lack = said_park(fact), fact.lack


def _drained(view: TaskView, fact: f.Drained, _at_ms: int) -> None:
    _leave(view)
    view.status, view.reason = "draining", fact.reason


def _switched(view: TaskView, fact: f.Switched, _at_ms: int) -> None:
    if fact.scope.kind == "step":
        held = f"{fact.state} by {fact.by}{until(fact.until_ms)}{because(fact.reason)}"
        _step(view, fact.scope.step).note = "" if fact.state == "running" else held


def _stopped(view: TaskView, fact: f.StepStopped, _at_ms: int) -> None:
    _step(view, fact.step).doing = ""


def _paused(view: TaskView, fact: f.Paused, _at_ms: int) -> None:
    _leave(view)
    view.status = "paused"
    view.reason = (until(fact.until_ms) + because(fact.reason)).removeprefix(": ").lstrip()


def _leave(view: TaskView) -> None:
    if view.status not in HELD:
        view.resumes_to = view.status


def _resumed(view: TaskView, _fact: f.Resumed, _at_ms: int) -> None:
    if view.status in HELD:
        view.status, view.reason, view.parked_kind, view.lack = view.resumes_to, "", "", None


def _reviewed(view: TaskView, fact: f.Reviewed, _at_ms: int) -> None:
    view.verdict, view.verdict_reasons, view.verdict_step = fact.decision, fact.reasons, fact.step


def _completed(view: TaskView, fact: f.Completed, _at_ms: int) -> None:
    view.status, view.results, view.reason = "completed", dict(fact.results), ""


def _failed(view: TaskView, fact: f.Failed, _at_ms: int) -> None:
    view.status, view.reason = "failed", fact.reason


def _halted(view: TaskView, fact: f.Halted, _at_ms: int) -> None:
    view.status = "halted"
    view.reason = f"killed by {fact.by}" + (f": {fact.reason}" if fact.reason else "")


ON_FACT: dict[type[f.Fact], Fold] = {
    f.Accepted: _accepted,
    f.Rejected: _rejected,
    f.PlanRequested: _plan_requested,
    f.Planned: _planned,
    f.PlanRefused: _plan_refused,
    f.ReviewRequested: _review_requested,
    f.StepAssigned: _step_assigned,
    f.StepWaiting: _step_waiting,
    f.StepCompleted: _step_completed,
    f.StepFailed: _step_failed,
    f.StepLost: _step_lost,
    f.StepRetried: _step_retried,
    f.StepDead: _step_dead,
    f.StepReopened: _step_reopened,
    f.EffectGranted: _granted,
    f.EffectHeld: _held,
    f.EffectDenied: _denied,
    f.EffectEscalated: _escalated,
    f.EffectRecommended: _recommended,
    f.EffectSettled: _settled,
    f.Escalated: _asked,
    f.EscalationMoved: _changed,
    f.ApprovalCounted: _changed,
    f.ArgumentsEdited: _changed,
    f.Resolved: _changed,
    f.StepSuspended: _suspended,
    f.StepAwakened: _awakened,
    f.LimitRaised: _raised,
    f.Parked: _parked,
    f.Paused: _paused,
    f.Drained: _drained,
    f.Switched: _switched,
    f.StepStopped: _stopped,
    f.Resumed: _resumed,
    f.Reviewed: _reviewed,
    f.Completed: _completed,
    f.Failed: _failed,
    f.Halted: _halted,
}
