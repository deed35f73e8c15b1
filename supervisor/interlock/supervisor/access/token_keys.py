"""Which keys and groups a person has who comes with tokens, over several of them and at their end. Pure.

It must not know how a token or a key is proven.
"""

from msgspec.structs import replace

from interlock.contracts.observed import Entitlement, lasts
from interlock.supervisor.access.directory import Directory

MOST_KEYS = 4


def joined(known: Entitlement, now: Entitlement, now_ms: int) -> Entitlement:
    """Return what a token gives, with the keys that tokens before it gave and that are good still.

    All of them end with the first of these tokens: no key is good for longer than was proven with it.
    """
    if not known.until_ms or not lasts(known.until_ms, now_ms) or not set(known.keys) - set(now.keys):
        return now
    keys = tuple(dict.fromkeys((*known.keys, *now.keys)))[-MOST_KEYS:]
    return replace(now, keys=keys, until_ms=min(known.until_ms, now.until_ms or known.until_ms))


def left_of(known: Entitlement, directory: Directory, now_ms: int) -> Entitlement:
    """Return what is left of what tokens gave: nothing after their end, and no key that the directory has."""
    if not known.until_ms or not lasts(known.until_ms, now_ms):
        return replace(known, groups=(), keys=(), until_ms=0)
    return replace(known, keys=tuple(key for key in known.keys if not directory.has_key(key)))
