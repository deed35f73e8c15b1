"""Decides about who is there: joins, leaves and losses of agents and effect workers."""

from interlock.contracts import facts
from interlock.contracts.inputs import Input
from interlock.contracts.presence import AgentHello, Bye, EffectHello
from interlock.supervisor.core.deciding.retrying import retry_held
from interlock.supervisor.core.deciding.settling import effect_lost
from interlock.supervisor.core.deciding.steps import step_lost
from interlock.supervisor.core.turn import Turn


def agent_said_hello(turn: Turn, said: Input, body: AgentHello) -> None:
    """Let an agent join; a new incarnation has lost what the old one had in hand."""
    known = turn.state.agents.get(said.principal)
    if known is not None and known.incarnation == body.incarnation:
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
        ),
    )


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
        ),
    )
    _lose_effects(turn, lost)


def said_bye(turn: Turn, said: Input, body: Bye) -> None:
    """Let a process go that ends on purpose."""
    agent = turn.state.agents.get(said.principal)
    worker = turn.state.workers.get(said.principal)
    for known in (agent, worker):
        if known is not None and known.incarnation == body.incarnation:
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


def _worker_left(turn: Turn, principal: str, reason: str) -> list[tuple[int, int]]:
    worker = turn.state.workers[principal]
    turn.say(0, facts.Left(principal=principal, incarnation=worker.incarnation, reason=reason))
    return sorted(worker.in_hand.items())


def _lose_effects(turn: Turn, lost: list[tuple[int, int]]) -> None:
    for seq, number in lost:
        effect = turn.state.tasks[number].effects.get(seq)
        if effect is not None and effect.state == "granted":
            effect_lost(turn, number, effect)
    for number in sorted({number for _, number in lost}):
        retry_held(turn, number)
