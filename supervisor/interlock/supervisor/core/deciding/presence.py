"""Decides about who is there: joins, leaves and losses; what a process had in hand is lost with it."""

from interlock.contracts import facts
from interlock.contracts.inputs import Input
from interlock.contracts.presence import AgentHello, Bye, EffectHello
from interlock.contracts.scope import FLEET, Scope
from interlock.contracts.shapes import schema_objection
from interlock.supervisor.core.deciding.entitling import charter_forbidden
from interlock.supervisor.core.deciding.exceeding import report_excess
from interlock.supervisor.core.deciding.forging import accuse
from interlock.supervisor.core.deciding.retrying import retry_held
from interlock.supervisor.core.deciding.settling import effect_lost
from interlock.supervisor.core.deciding.steps import step_lost
from interlock.supervisor.core.state import State
from interlock.supervisor.core.switches import switch_of
from interlock.supervisor.core.turn import Turn


def agent_said_hello(turn: Turn, said: Input, body: AgentHello) -> None:
    """Let an agent join; a new incarnation has lost what the old one had in hand."""
    known = turn.state.agents.get(said.principal)
    if known is not None and known.incarnation == body.incarnation:
        return
    forbidden = charter_forbidden(turn.state, said.principal, body.charter.role)
    if forbidden:
        accuse(turn, 0, said, "forge", forbidden)
        return
    unwelcome = keeps_out(turn.state, said.principal, body)
    if unwelcome:
        turn.refuse(0, said.seq, unwelcome)
        return
    if known is not None:
        gone(turn, said.principal, "it was started again")
    turn.say(
        0,
        facts.AgentJoined(
            principal=said.principal,
            incarnation=body.incarnation,
            capacity=min(body.capacity, body.charter.capacity),
            charter=body.charter,
            input_schema=body.input_schema,
            output_schema=body.output_schema,
            pid=body.pid,
        ),
    )
    report_excess(turn, said.principal)


def keeps_out(state: State, principal: str, body: AgentHello) -> str:
    """Return why an agent may not join now, as a sentence; empty: it may."""
    life = state.condemned.get(principal)
    if life is not None and life.incarnation == body.incarnation:
        return f"{principal} did not stop what it was told to: it has to be started again"
    for name, schema in (("input", body.input_schema), ("output", body.output_schema)):
        wrong = schema_objection(schema)
        if wrong:
            return f"the {name}_schema of {principal} will not do: {wrong}"
    if not state.switches:
        return ""
    scopes = (Scope(kind="agent", name=principal), Scope(kind="role", name=body.charter.role), FLEET)
    for scope in scopes:
        if switch_of(state, scope) == "killed":
            named = "the fleet" if scope == FLEET else str(scope)
            return f"{named} is killed: it may come again after `interlock resume {scope!s}`"
    return ""


def effects_said_hello(turn: Turn, said: Input, body: EffectHello) -> None:
    """Let an effect worker join; a new incarnation has lost what the old one had in hand."""
    known = turn.state.workers.get(said.principal)
    if known is not None and known.incarnation == body.incarnation:
        return
    lost = _worker_left(turn, said.principal, "it was started again") if known is not None else []
    turn.say(
        0,
        facts.EffectsJoined(
            principal=said.principal,
            incarnation=body.incarnation,
            capacity=body.capacity,
            models=body.models,
            tools=body.tools,
            pid=body.pid,
        ),
    )
    _lose_effects(turn, lost)


def said_bye(turn: Turn, said: Input, body: Bye) -> None:
    """Let a process go that ends on purpose."""
    if turn.state.incarnation_of(said.principal) == body.incarnation:
        gone(turn, said.principal, body.reason or "it said bye")


def gone(turn: Turn, principal: str, reason: str) -> None:
    """Take everything from a process that is gone; nothing happens if it is not known."""
    agent = turn.state.agents.get(principal)
    if agent is not None:
        turn.say(0, facts.Left(principal=principal, incarnation=agent.incarnation, reason=reason))
        for number, name in sorted(agent.in_hand):
            step = turn.state.tasks[number].steps.get(name)
            if step is not None and step.state == "assigned" and step.principal == principal:
                step_lost(turn, number, step, f"{principal} is gone: {reason}")
    elif principal in turn.state.workers:
        _lose_effects(turn, _worker_left(turn, principal, reason))
    elif life := turn.state.incarnation_of(principal):
        turn.say(0, facts.Left(principal=principal, incarnation=life, reason=reason))


def _worker_left(turn: Turn, principal: str, reason: str) -> list[tuple[int, int]]:
    worker = turn.state.workers[principal]
    turn.say(0, facts.Left(principal=principal, incarnation=worker.incarnation, reason=reason))
    return sorted(worker.in_hand.items())


def _lose_effects(turn: Turn, lost: list[tuple[int, int]]) -> None:
    """Lose what a worker had in hand; what finds no room in the record, the next tick finds with nobody."""
    for seq, number in lost:
        effect = turn.state.tasks[number].effects.get(seq)
        if effect is not None and effect.state == "granted" and not turn.is_full(number):
            effect_lost(turn, number, effect)
    for number in sorted({number for _, number in lost}):
        retry_held(turn, number)
