"""How facts about what is allowed change the state."""

from interlock.contracts import facts
from interlock.supervisor.core.autonomy import covers
from interlock.supervisor.core.limits import ERROR_BURST
from interlock.supervisor.core.state import State, replace


def policies_set(state: State, _task: int, fact: facts.PoliciesSet) -> State:
    """Let these policies hold."""
    return replace(state, policies=fact)


def autonomy_set(state: State, _task: int, fact: facts.AutonomySet) -> State:
    """Set a level, or give it back to the charter.

    A person's word is over everything that the supervisor has lowered beneath it.
    """
    key = (fact.role, fact.risk, fact.tenant)
    autonomy, lowered = state.autonomy, state.lowered
    if fact.lowered:
        lowered = lowered.set(key, None)
    else:
        for other in [known for known in lowered if covers(key, known)]:
            lowered = lowered.delete(other)
            autonomy = autonomy.delete(other)
    if fact.level:
        autonomy = autonomy.set(key, fact.level)
    elif key in autonomy:
        autonomy = autonomy.delete(key)
    mishaps = state.mishaps.delete(key) if key in state.mishaps else state.mishaps
    return replace(state, autonomy=autonomy, lowered=lowered, mishaps=mishaps)


def mishap(state: State, role: str, risk: str, tenant: str, at_ms: int) -> State:
    """Remember that something which should have changed something has failed."""
    key = (role, risk, tenant)
    failed_ms = (*state.mishaps.get(key, ()), at_ms)[-ERROR_BURST:]
    return replace(state, mishaps=state.mishaps.set(key, failed_ms))
