"""Folds the fleet's decisions into who is there; a reader of the log, it never decides."""

from typing import Literal

from interlock.console.stop.lines import people
from interlock.console.views import FleetView, MemberView
from interlock.contracts import facts as f
from interlock.contracts.decision import Decision
from interlock.contracts.scope import Scope


def fold_fleet(view: FleetView, decision: Decision) -> None:
    """Bring `view` up to `decision`."""
    for fact in decision.facts:
        match fact:
            case f.AgentJoined():
                view.members[fact.principal] = _agent(fact, decision.at_ms)
            case f.EffectsJoined():
                view.members[fact.principal] = _effects(fact, decision.at_ms)
            case f.GuardJoined() | f.AccessJoined():
                view.members[fact.principal] = _watcher(fact, decision.at_ms)
            case f.Left():
                member = view.members.get(fact.principal)
                if member is not None and member.incarnation == fact.incarnation:
                    member.left = fact.reason or "said good-bye"
            case f.FleetSwitched():
                view.switch, view.switched_by, view.reason = fact.state, fact.by, fact.reason
            case f.Switched(scope=Scope(kind="agent" | "role")):
                _switch(view, fact)
            case f.PoliciesSet() | f.PoliciesRefused():
                _rule(view, fact)
            case _:
                pass


def _rule(view: FleetView, fact: f.PoliciesSet | f.PoliciesRefused) -> None:
    if isinstance(fact, f.PoliciesRefused):
        view.refused = fact
    else:
        view.policies, view.refused = fact.digest, None


def _switch(view: FleetView, fact: f.Switched) -> None:
    if fact.state == "running":
        view.switches.pop(fact.scope, None)
    else:
        view.switches[fact.scope] = fact


def _agent(fact: f.AgentJoined, at_ms: int) -> MemberView:
    return MemberView(
        principal=fact.principal,
        kind="agent",
        incarnation=fact.incarnation,
        capacity=fact.capacity,
        about=fact.charter.objective,
        role=fact.charter.role,
        offers=fact.charter.tools,
        since_ms=at_ms,
    )


def _watcher(fact: f.GuardJoined | f.AccessJoined, at_ms: int) -> MemberView:
    kind: Literal["guard", "access"] = "guard" if isinstance(fact, f.GuardJoined) else "access"
    watched = fact.children if isinstance(fact, f.GuardJoined) else ()
    on = f" on {fact.host}" if fact.host else ""
    about = "admits who connects, and cuts connections"
    if watched:
        about = f"starts, watches and kills {people(watched)}"
    return MemberView(
        principal=fact.principal,
        kind=kind,
        incarnation=fact.incarnation,
        capacity=0,
        about=about + on,
        role=kind,
        since_ms=at_ms,
    )


def _effects(fact: f.EffectsJoined, at_ms: int) -> MemberView:
    return MemberView(
        principal=fact.principal,
        kind="effects",
        incarnation=fact.incarnation,
        capacity=fact.capacity,
        about="carries out what is granted",
        role="effects",
        offers=tuple(offer.tool for offer in fact.tools),
        models=fact.models,
        since_ms=at_ms,
    )
