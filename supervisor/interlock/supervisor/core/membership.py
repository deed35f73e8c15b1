"""Who belongs to a role, for whom somebody speaks, and by which keys: it looks at what is entitled alone.

Roles are groups, people's roles, and each person's own name. Of whom nothing is known belongs to nothing.
"""

from collections.abc import Iterator

from interlock.supervisor.core.state import State

ADMIN, OPERATOR, APPROVER = "admin", "operator", "approver"


def is_member(state: State, who: str, role: str) -> bool:
    """Tell whether somebody may decide what is asked of a role."""
    entitled = state.entitlements.get(who)
    if entitled is None:
        return False
    if role == who or role in entitled.groups or role in entitled.roles:
        return True
    return role in {OPERATOR, APPROVER} and ADMIN in entitled.roles


def speaks_for(state: State, who: str, role: str, now_ms: int) -> Iterator[str]:
    """Yield the members of a role for whom somebody may speak now: itself, then those who have delegated."""
    if is_member(state, who, role):
        yield who
    for by in sorted(state.delegations):
        delegated = state.delegations[by]
        if delegated.to == who and now_ms < delegated.until_ms and is_member(state, by, role):
            yield by


def may_speak_for(state: State, who: str, role: str, now_ms: int) -> bool:
    """Tell whether somebody is, or stands in for, a member of a role."""
    return next(speaks_for(state, who, role, now_ms), None) is not None


def has_key(state: State, who: str, public_key: str) -> bool:
    """Tell whether a public key is one by which somebody signs."""
    entitled = state.entitlements.get(who)
    return entitled is not None and public_key in entitled.keys
