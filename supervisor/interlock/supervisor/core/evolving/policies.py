"""How facts about what is allowed change the state."""

from interlock.contracts import facts
from interlock.supervisor.core.state import State, replace


def policies_set(state: State, _task: int, fact: facts.PoliciesSet) -> State:
    """Let these policies hold."""
    return replace(state, policies=fact)


def autonomy_set(state: State, _task: int, fact: facts.AutonomySet) -> State:
    """Set a level, or give it back to the charter."""
    key = (fact.role, fact.risk, fact.tenant)
    if fact.level:
        return replace(state, autonomy=state.autonomy.set(key, fact.level))
    return replace(state, autonomy=state.autonomy.delete(key)) if key in state.autonomy else state
