"""How far a role goes by itself: the most particular level that was set, or else its charter's."""

from interlock.supervisor.core.state import State

SUGGESTS, PROPOSES, REVIEWED, GUARDED, FULL = 1, 2, 3, 4, 5
ANY = "*"
CHANGING = ("write", "irreversible")
"""The risks for which levels matter: what only reads changes nothing."""


def level_of(state: State, role: str, risk: str, tenant: str) -> int:
    """Return the level of a role; one that nobody knows may only propose."""
    for key in ((role, risk, tenant), (role, ANY, tenant), (role, risk, ANY), (role, ANY, ANY)):
        level = state.autonomy.get(key)
        if level is not None:
            return level
    charter = state.charters.get(role)
    return PROPOSES if charter is None else charter.autonomy


def covers(broad: tuple[str, str, str], narrow: tuple[str, str, str]) -> bool:
    """Tell whether a setting is over another: the same one, or a broader."""
    return all(mine in {ANY, theirs} for mine, theirs in zip(broad, narrow, strict=True))
