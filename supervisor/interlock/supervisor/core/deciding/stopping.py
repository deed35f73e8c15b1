"""Decides about steps that were killed in an agent's hand: confirmed as ended, or the agent is condemned."""

from interlock.contracts import facts
from interlock.contracts.inputs import Input
from interlock.contracts.step import StepStopped
from interlock.supervisor.core.deciding.confirming import confirmed, stop_of
from interlock.supervisor.core.deciding.forging import had_attempt, refuse_step
from interlock.supervisor.core.deciding.presence import gone
from interlock.supervisor.core.deciding.steps import step_lost
from interlock.supervisor.core.turn import Turn


def stop_came(turn: Turn, said: Input, body: StepStopped) -> None:
    """Take it that nothing of a step runs any more; what nobody had stopped goes to another."""
    if confirmed(turn, said, body.step, body.attempt, body.stopped_us):
        return
    task = turn.task(said.task)
    step = task.steps.get(body.step) if task is not None else None
    if step is None or not had_attempt(step, body.attempt, said.principal):
        refuse_step(turn, said, body.step, body.attempt)
    elif step.state == "assigned" and step.attempt == body.attempt:
        step_lost(turn, said.task, step, f"{said.principal} says that it has stopped it")
    else:
        turn.say(said.task, stop_of(said, body.step, body.attempt, body.stopped_us))


def condemn(turn: Turn, principal: str) -> None:
    """Give up a life of an agent that has not confirmed in time; its other steps go to others."""
    agent = turn.state.agents.get(principal)
    awaited = [
        (number, name, one.kill)
        for (number, name), one in sorted(turn.state.stopping.items())
        if agent is not None and (one.principal, one.incarnation) == (principal, agent.incarnation)
    ]
    if agent is None or not awaited:
        return
    number, name, kill = awaited[0]
    reason = f"it has not confirmed in time that step {name} of task {number} ended"
    turn.say(
        0,
        facts.AgentCondemned(
            at_ms=turn.now_ms,
            principal=principal,
            incarnation=agent.incarnation,
            reason=reason,
            kill=kill,
        ),
    )
    gone(turn, principal, reason)
