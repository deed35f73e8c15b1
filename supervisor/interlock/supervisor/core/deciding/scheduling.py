"""Decides who gets which step next: by free hands, fairness between tenants, priority and age."""

from collections.abc import Iterator

from interlock.contracts import facts
from interlock.contracts.budget import NOTHING
from interlock.contracts.people import HUMAN
from interlock.supervisor.core.accounts import scopes
from interlock.supervisor.core.bounds import shortage
from interlock.supervisor.core.deciding.budgets import park_for, warn
from interlock.supervisor.core.deciding.people.steps import ask_people
from interlock.supervisor.core.evolving.steps import ONE_STEP
from interlock.supervisor.core.ready import heads, length, waiting
from interlock.supervisor.core.state import Agent, Ready
from interlock.supervisor.core.switches import stops_agent, stops_role, stops_step, stops_tenant
from interlock.supervisor.core.turn import Turn


def schedule(turn: Turn) -> None:
    """Assign what can be assigned in every role; say of the rest what it waits for."""
    if turn.state.switch not in {"running", "draining"}:
        return
    for role in sorted(turn.state.ready):
        if stops_role(turn.state, role):
            continue
        if role == HUMAN:
            ask_people(turn)
        else:
            _role(turn, role)


def _role(turn: Turn, role: str) -> None:
    crew = turn.state.crews.get(role, ())
    if not crew:
        _absent(turn, role)
        return
    for _ in range(length(turn.state, role)):
        agents = turn.state.agents
        free = [
            agent for name in crew if (agent := agents[name]).free > 0 and not stops_agent(turn.state, name)
        ]
        ready = _fairest(turn, role) if free else None
        if ready is None:
            return
        _assign(turn, ready, min(free, key=_least_busy) if len(free) > 1 else free[0])


def _least_busy(agent: Agent) -> tuple[int, str]:
    return len(agent.in_hand), agent.principal


def _fairest(turn: Turn, role: str) -> Ready | None:
    """Return the first step of the tenant that has the fewest steps in hand, then by rank and age."""
    firsts = _unstopped(turn, role) if turn.state.switches else heads(turn.state, role)
    candidates = [(turn.state.running.get(tenant, 0), ready) for tenant, ready in firsts]
    return min(candidates)[1] if candidates else None


def _unstopped(turn: Turn, role: str) -> Iterator[tuple[str, Ready]]:
    """Yield the first of each tenant's line that no switch stops."""
    passed: set[str] = set()
    for ready in waiting(turn.state, role):
        tenant = turn.state.tasks[ready.task].tenant
        if tenant in passed or stops_step(turn.state, ready.task, ready.step):
            continue
        passed.add(tenant)
        if not stops_tenant(turn.state, tenant):
            yield tenant, ready


def _assign(turn: Turn, ready: Ready, agent: Agent) -> None:
    task = turn.state.tasks[ready.task]
    step = task.steps[ready.step]
    counts = NOTHING if step.awakened else ONE_STEP
    lacking = shortage(counts, scopes(turn.state, task, step), turn.now_ms)
    if lacking is not None:
        park_for(turn, task.id, lacking)
        return
    turn.say(
        ready.task,
        facts.StepAssigned(
            at_ms=turn.now_ms,
            step=step.id,
            attempt=step.attempt + 1,
            principal=agent.principal,
            deadline_ms=turn.now_ms + agent.charter.deadline_s * 1_000,
            again=step.awakened,
        ),
    )
    warn(turn, ready.task, counts, step.role)


def _absent(turn: Turn, role: str) -> None:
    reason = f"no agent with the role {role} is here; it begins as soon as one says hello"
    for ready in list(waiting(turn.state, role)):
        step = turn.state.tasks[ready.task].steps[ready.step]
        if step.waiting != reason:
            turn.say(ready.task, facts.StepWaiting(step=step.id, reason=reason))
