"""Says each fact in one line of English; the same words in `watch`, `run` and `show`. Knows no terminal."""

from collections.abc import Callable
from typing import Any

from interlock.console.amounts import said_amounts
from interlock.console.budgets.dimensions import BY_FIELD, said_budget, said_more
from interlock.console.budgets.lacks import said_park
from interlock.console.people.lines import SAID as OF_PEOPLE
from interlock.console.people.visible import visible
from interlock.console.stop.lines import SAID as OF_STOP
from interlock.console.stop.lines import because
from interlock.contracts import facts as f

Say = Callable[[Any], str]


def said(fact: f.Fact) -> str:
    """Return one line for a fact; an unknown one is named."""
    say = SAID.get(type(fact))
    line = say(fact) if say else type(fact).__name__
    return visible(" ".join(line.split()))


def named(demand: f.Demand) -> str:
    """Name what an effect wants: the tool, the model, or (none was named) the environment's model."""
    return demand.name or f"the {demand.kind}"


def _accepted(fact: f.Accepted) -> str:
    return f"accepted from {fact.submitter}: {fact.goal}"


def _rejected(fact: f.Rejected) -> str:
    return f"rejected: {fact.reason}" + (f" (at {fact.where})" if fact.where else "")


def _planned(fact: f.Planned) -> str:
    steps = ", ".join(f"{step.id} ({step.role})" for step in fact.steps)
    return f"planned {len(fact.steps)} steps: {steps}"


def _assigned(fact: f.StepAssigned) -> str:
    again = f", attempt {fact.attempt}" if fact.attempt > 1 else ""
    return f"{fact.step}: {fact.principal} works on it{again}"


def _failed_step(fact: f.StepFailed) -> str:
    then = "will be tried again" if fact.retry_at_ms is not None else "will not be tried again"
    return f"{fact.step}: attempt {fact.attempt} failed, {then}: {fact.message}"


def _granted(fact: f.EffectGranted) -> str:
    reserved = said_amounts(fact.reserved)
    first = ", to be counted first" if fact.to_count else ""
    return f"{fact.step}: {named(fact.demand)} granted, {reserved} reserved{first} (effect {fact.effect})"


def _settled(fact: f.EffectSettled) -> str:
    if fact.end == "counted":
        counted = f"has {fact.counted_tokens:,} tokens" if fact.counted_tokens else "could not be counted"
        return f"effect {fact.effect} was not sent: its prompt {counted}"
    return f"effect {fact.effect} {fact.end}, {said_amounts(fact.spent)} spent"


def _warned(fact: f.BudgetWarned) -> str:
    dimension = BY_FIELD[fact.dimension]
    spent, limit = dimension.said(fact.spent), dimension.said(fact.limit)
    period = " a day" if fact.day else ""
    return f"four fifths of a limit are used: {spent} of the {limit}{period} of the {fact.scope}"


def _reviewed(fact: f.Reviewed) -> str:
    return f"{fact.step}: {fact.decision}{because('; '.join(fact.reasons))}"


SAID: dict[type[f.Fact], Say] = {
    f.Accepted: _accepted,
    f.Rejected: _rejected,
    f.Refused: lambda fact: f"input {fact.input} changes nothing: {fact.reason}",
    f.PlanRequested: lambda fact: f"{fact.step}: a plan is wanted{because('; '.join(fact.refusals))}",
    f.Planned: _planned,
    f.PlanRefused: lambda fact: f"{fact.step}: the plan will not do: {'; '.join(fact.reasons)}",
    f.ReviewRequested: lambda fact: f"{fact.step}: a review is wanted, round {fact.round}",
    f.StepAssigned: _assigned,
    f.StepWaiting: lambda fact: f"{fact.step}: waits: {fact.reason}",
    f.StepCompleted: lambda fact: f"{fact.step}: done (record {fact.result})",
    f.StepFailed: _failed_step,
    f.StepLost: lambda fact: f"{fact.step}: {fact.principal} lost it: {fact.reason}",
    f.StepRetried: lambda fact: f"{fact.step}: begins again",
    f.StepDead: lambda fact: f"{fact.step}: no attempt is left: {fact.reason}",
    f.StepReopened: lambda fact: f"{fact.step}: to be done better: {'; '.join(fact.notes)}",
    f.EffectGranted: _granted,
    f.EffectHeld: lambda fact: (
        f"{fact.step}: {named(fact.demand)} waits: {fact.reason} (effect {fact.effect})"
    ),
    f.EffectDenied: lambda fact: f"{fact.step}: effect {fact.effect} denied by {fact.rule}: {fact.reason}",
    f.EffectEscalated: lambda fact: f"{fact.step}: asks a person: {fact.question} (effect {fact.effect})",
    f.EffectRepeated: lambda fact: (
        f"effect {fact.effect} asked for again by attempt {fact.attempt}: it stays"
    ),
    f.EffectSettled: _settled,
    f.BudgetWarned: _warned,
    f.LimitsSet: lambda fact: (
        f"{fact.by} set the limits of the {fact.scope}: {said_budget(fact.total, fact.day)}"
        f"{because(fact.reason)}"
    ),
    f.LoopFound: lambda fact: (
        f"{fact.step} goes round in circles: {fact.what}, {fact.times} times "
        f"{'the same' if fact.kind == 'same_effect' else 'in vain'}"
    ),
    f.LimitRaised: lambda fact: (
        f"{fact.by} raised the budget by {said_more(fact.more)}{because(fact.reason)}"
    ),
    f.Parked: lambda fact: f"parked ({fact.kind}): {said_park(fact)}",
    f.Resumed: lambda fact: f"resumed by {fact.by}{because(fact.reason)}",
    f.Reviewed: _reviewed,
    f.Completed: lambda fact: f"completed with {len(fact.results)} results",
    f.Failed: lambda fact: f"failed: {fact.reason}",
    f.Halted: lambda fact: f"killed by {fact.by}{because(fact.reason)}",
    f.AgentJoined: lambda fact: (
        f"{fact.principal} joined as {fact.charter.role}, for {fact.capacity} steps at once"
    ),
    f.EffectsJoined: lambda fact: f"{fact.principal} joined, for {fact.capacity} effects at once",
    f.Left: lambda fact: f"{fact.principal} left{because(fact.reason)}",
    f.LeaderTook: lambda fact: f"{fact.principal} decides from here on",
    f.LeaderLeft: lambda fact: f"{fact.principal} decides nothing more",
    f.Led: lambda fact: f"decided by the leader of term {fact.term} from here on",
    **OF_STOP,
    **OF_PEOPLE,
}
