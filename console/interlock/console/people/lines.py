"""Says each fact about people, policies and autonomy in one line. Only words."""

from collections.abc import Callable
from typing import Any

from interlock.console.people.words import KINDS, names, needed, resolution
from interlock.console.stop.lines import because, until
from interlock.console.stop.times import said_moment
from interlock.contracts import facts as f

SHORT_DIGEST = 12


def _escalated(fact: f.Escalated) -> str:
    of = f"{needed(fact.needs)} must agree" if fact.needs else f"{fact.desk or 'somebody'} is asked"
    blocks = fact.blocks or fact.canary
    waits = f"{fact.step} waits" if blocks and fact.step else "it waits" if blocks else ""
    rest = ", ".join(filter(None, (of + until(fact.deadline_ms), waits)))
    return f"asks people (number {fact.number}, {KINDS[fact.kind]}): {fact.summary}; {rest}"


def _moved(fact: f.EscalationMoved) -> str:
    by = f", sent there by {fact.by}" if fact.by else ""
    return (
        f"number {fact.number}: {fact.desk} is asked now{until(fact.deadline_ms)}{by}{because(fact.reason)}"
    )


def _counted(fact: f.ApprovalCounted) -> str:
    instead = f" for {fact.instead_of}" if fact.instead_of else ""
    return f"number {fact.number}: {fact.by} agrees{instead} (record {fact.input})"


def _edited(fact: f.ArgumentsEdited) -> str:
    what = f"{fact.by} changes what is asked for (record {fact.input})"
    return f"number {fact.number}: {what}{because(fact.reason)}"


def _delegated(fact: f.Delegated) -> str:
    if fact.until_ms <= fact.at_ms:
        return f"{fact.to} does not answer for {fact.by} any more{because(fact.reason)}"
    return f"{fact.to} may answer for {fact.by} until {said_moment(fact.until_ms)}{because(fact.reason)}"


def _policies_set(fact: f.PoliciesSet) -> str:
    files = ", ".join(file.name for file in fact.bundle.policies) or "none"
    return f"policies {fact.digest[:SHORT_DIGEST]} hold, as {fact.by} says: {files}"


def _autonomy_set(fact: f.AutonomySet) -> str:
    risk = "" if fact.risk == "*" else f" with what is {fact.risk}"
    tenant = "" if fact.tenant == "*" else f" for tenant {fact.tenant}"
    level = f"at level {fact.level}" if fact.level else "at the level of its charter"
    how = "lowered by itself" if fact.lowered else f"by {fact.by}"
    return f"{fact.role}{risk}{tenant} is {level}, {how}{because(fact.reason)}"


def _suspended(fact: f.StepSuspended) -> str:
    free = f"; {fact.principal} is free for other work" if fact.principal else ""
    return f"{fact.step}: waits for people{free}{because(fact.reason)}"


SAID: dict[type[f.Fact], Callable[[Any], str]] = {
    f.Escalated: _escalated,
    f.EscalationMoved: _moved,
    f.ApprovalCounted: _counted,
    f.ArgumentsEdited: _edited,
    f.Resolved: lambda fact: f"number {fact.number} {resolution(fact)}",
    f.Delegated: _delegated,
    f.PoliciesSet: _policies_set,
    f.PoliciesRefused: lambda fact: (
        f"policies {fact.digest[:SHORT_DIGEST]} will not do, the old ones hold: {'; '.join(fact.reasons)}"
    ),
    f.AutonomySet: _autonomy_set,
    f.CharterExceeded: lambda fact: (
        f"the charter of {fact.principal} ({fact.role}) asks for what no policy can grant: {names(fact.asks)}"
    ),
    f.EffectRecommended: lambda fact: (
        f"{fact.step}: recommends {fact.tool} and may not do it itself (effect {fact.effect})"
        f"{because(fact.reason)}"
    ),
    f.StepSuspended: _suspended,
    f.StepAwakened: lambda fact: f"{fact.step}: people have decided, it goes on",
}
