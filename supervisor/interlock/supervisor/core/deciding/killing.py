"""Decides what follows from a kill, in whatever it is over; whatever of that was done already is left alone.

So it can be done again: a crash may come between a kill's record and those of what follows from it, and what
finds no room in a record is done at the next tick.
"""

from interlock.contracts import facts
from interlock.contracts.message import line
from interlock.contracts.scope import FLEET, Scope
from interlock.supervisor.core.deciding.denying import denied
from interlock.supervisor.core.deciding.people.canaries import void_planted
from interlock.supervisor.core.deciding.people.resolving import end_task, void
from interlock.supervisor.core.deciding.settling import abandon_effect
from interlock.supervisor.core.deciding.steps import step_lost
from interlock.supervisor.core.reach import agents_in, effects_in
from interlock.supervisor.core.state import Agent, Switch
from interlock.supervisor.core.switches import forbids, switch_of
from interlock.supervisor.core.turn import Turn

_WAITING = frozenset(("held", "escalated", "lost"))


def kill_agents(turn: Turn, scope: Scope) -> None:
    """Let the agents in a scope be gone; their steps go to others, and what those waited for is given up."""
    reason = _why(scope, turn.state.switches[scope])
    waiting = [(t.id, e.seq) for t, e in effects_in(turn.state, scope) if e.state in _WAITING]
    agents = list(agents_in(turn.state, scope))
    if scope != FLEET:
        void_planted(turn, scope, f"{_named(scope)} is killed")
    for agent in agents:
        if not turn.is_full(0):
            turn.say(0, facts.Left(principal=agent.principal, incarnation=agent.incarnation, reason=reason))
    if scope == FLEET:
        return
    for number, seq in waiting:
        abandon_effect(turn, number, seq)
    for agent in agents:
        if agent.principal not in turn.state.agents:
            _lose_steps(turn, agent, reason)


def _lose_steps(turn: Turn, agent: Agent, reason: str) -> None:
    for number, name in sorted(agent.in_hand):
        step = turn.state.tasks[number].steps.get(name)
        if step is not None and step.state == "assigned" and step.principal == agent.principal:
            step_lost(turn, number, step, f"{agent.principal} is gone: {reason}")


def kill_effects(turn: Turn, scope: Scope) -> None:
    """Deny what waits for a tool or a model that is killed; what is in flight is withdrawn."""
    waiting = [(t.id, e) for t, e in effects_in(turn.state, scope) if e.state in _WAITING]
    for number, effect in waiting:
        if turn.is_full(number):
            continue
        if effect.state == "escalated":
            void(turn, number, effect.asked, f"{_named(scope)} is killed")
        why = forbids(turn.state, effect.demand, effect.demand.name, new=False)
        turn.say(number, denied(effect, "switch", line(why)))
    void_planted(turn, scope, f"{_named(scope)} is killed")


def kill_tasks(turn: Turn) -> None:
    """Halt every task whose tenant is killed, or the fleet."""
    state = turn.state
    killed = {scope: switch for scope, switch in state.switches.items() if switch.state == "killed"}
    for number in sorted(state.active):
        task = state.tasks[number]
        for scope in (FLEET, Scope(kind="tenant", name=task.tenant)):
            switch = killed.get(scope)
            if switch is not None:
                end_task(turn, number, _halted(turn, scope, switch))
                break


def carry_out(turn: Turn) -> None:
    """Do what follows from every kill that has no receipt yet, where it was not done."""
    for seq in sorted(turn.state.kills):
        scope = turn.state.kills[seq].scope
        if switch_of(turn.state, scope) != "killed":
            continue
        if scope.kind in {"agent", "role", "fleet"}:
            kill_agents(turn, scope)
        elif scope.kind in {"tool", "model"}:
            kill_effects(turn, scope)
    kill_tasks(turn)


def _halted(turn: Turn, scope: Scope, switch: Switch) -> facts.Halted:
    return facts.Halted(
        at_ms=turn.now_ms,
        by=switch.by,
        reason=switch.reason or f"{_named(scope)} is killed",
        input=switch.input,
        commanded_us=switch.commanded_us,
    )


def _why(scope: Scope, switch: Switch) -> str:
    return line(f"{_named(scope)} is killed by {switch.by}" + (f": {switch.reason}" if switch.reason else ""))


def _named(scope: Scope) -> str:
    return "the fleet" if scope == FLEET else str(scope)
