"""Who belongs to a role, for whom somebody speaks, and by which keys: it looks at what is entitled alone.

Roles are groups, people's roles, and each person's own name. Of whom nothing is known belongs to nothing.
Groups and keys may have an end, which is looked at whenever somebody counts.
"""

from collections.abc import Iterator

from interlock.contracts.observed import lasts
from interlock.supervisor.core.state import State

ADMIN, OPERATOR, APPROVER = "admin", "operator", "approver"


def is_member(state: State, who: str, role: str, now_ms: int) -> bool:
    """Tell whether somebody may decide what is asked of a role now."""
    entitled = state.entitlements.get(who)
    if entitled is None:
        return False
    if role == who or role in entitled.roles:
        return True
    if role in entitled.groups and lasts(entitled.until_ms, now_ms):
        return True
    return role in {OPERATOR, APPROVER} and ADMIN in entitled.roles


def speaks_for(state: State, who: str, role: str, now_ms: int) -> Iterator[str]:
    """Yield the members of a role for whom somebody may speak now: itself, then those who have delegated."""
    if is_member(state, who, role, now_ms):
        yield who
    for by in sorted(state.delegations):
        delegated = state.delegations[by]
        stands_in = delegated.to == who and now_ms < delegated.until_ms
        if stands_in and is_member(state, by, role, now_ms):
            yield by


def may_speak_for(state: State, who: str, role: str, now_ms: int) -> bool:
    """Tell whether somebody is, or stands in for, a member of a role."""
    return next(speaks_for(state, who, role, now_ms), None) is not None


def has_key(state: State, who: str, public_key: str, now_ms: int) -> bool:
    """Tell whether a public key is one by which somebody signs now."""
    entitled = state.entitlements.get(who)
    return entitled is not None and public_key in entitled.keys and lasts(entitled.until_ms, now_ms)
