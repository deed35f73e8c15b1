"""The directory as access looks at it: who has which key, and whom a change of it cuts off. Pure.

It must not know where the directory stands.
"""

from collections.abc import Mapping

import msgspec

from interlock.bus.principals import Key, Principal

NOBODY = ""


class Cut(msgspec.Struct, frozen=True):
    """Connections that a change ends: those of a principal, or those by other proofs than `but`."""

    principal: str
    environment: str
    reason: str
    but: frozenset[str] = frozenset()


class Directory:
    """All principals by name, by key and by certificate."""

    def __init__(self, principals: Mapping[str, Principal]) -> None:
        self.principals = dict(principals)
        self._keys: dict[str, tuple[str, Key]] = {}
        self._certificates: dict[str, str] = {}
        for name, principal in self.principals.items():
            for key in principal.keys:
                # What two principals have belongs to neither.
                shared = key.public_key in self._keys and self._keys[key.public_key][0] != name
                self._keys[key.public_key] = (NOBODY if shared else name, key)
            if principal.certificate:
                shared = principal.certificate in self._certificates
                self._certificates[principal.certificate] = NOBODY if shared else name

    def __contains__(self, name: str) -> bool:
        return name in self.principals

    def get(self, name: str) -> Principal | None:
        """Return a principal, or None."""
        return self.principals.get(name)

    def has_key(self, public_key: str) -> bool:
        """Return whether this key is, or was, anybody's."""
        return public_key in self._keys

    def has_group(self, name: str) -> bool:
        """Return whether somebody is in a group of this name."""
        return any(name in principal.groups for principal in self.principals.values())

    def of_key(self, public_key: str) -> tuple[str, Key] | None:
        """Return whose key this is, or None for nobody's."""
        known = self._keys.get(public_key)
        return known if known and known[0] != NOBODY else None

    def of_certificate(self, principals: tuple[str, ...], names: tuple[str, ...]) -> set[str]:
        """Return all whom a certificate names: by their name, or by what the directory says of them."""
        claimed = {name for name in principals if name in self.principals}
        return claimed | {
            owner for name in names if (owner := self._certificates.get(name, NOBODY)) != NOBODY
        }


def is_revoked(principal: Principal, now_ms: int) -> bool:
    """Return whether a principal may not connect any more."""
    return 0 < principal.revoked_ms <= now_ms


def is_retired(key: Key, now_ms: int) -> bool:
    """Return whether a key opens nothing any more."""
    return 0 < key.revoked_ms <= now_ms


def is_agent(principal: Principal) -> bool:
    """Return whether switches may keep this principal out."""
    return "agent" in principal.roles


def is_watched(principal: Principal) -> bool:
    """Return whether the end of this principal's connections is told to the log."""
    return bool({"agent", "effects", "guard"} & set(principal.roles))


def proofs_of(principal: Principal, now_ms: int) -> frozenset[str]:
    """Return by what a principal of the directory may be admitted now."""
    if is_revoked(principal, now_ms):
        return frozenset()
    keys = {key.public_key for key in principal.keys if not is_retired(key, now_ms)}
    return frozenset(keys | {"certificate"})


def cuts(before: Directory, before_ms: int, after: Directory, now_ms: int) -> list[Cut]:
    """Return whose connections end because the directory, or the time, is another than it was.

    Who may do something else than before comes again, and is admitted to that.
    """
    found = [
        cut
        for name, old in before.principals.items()
        if (cut := _cut(name, old, before_ms, after.get(name), now_ms))
    ]
    for name, new in after.principals.items():
        if name not in before:
            reason = "the directory has a principal of this name now"
            found.append(Cut(name, new.environment, reason, proofs_of(new, now_ms)))
    return found


def _cut(name: str, old: Principal, before_ms: int, new: Principal | None, now_ms: int) -> Cut | None:
    if new is None:
        return Cut(name, old.environment, "this principal has been removed")
    if is_revoked(new, now_ms):
        gone = is_revoked(old, before_ms)
        return None if gone else Cut(name, old.environment, "this principal has been revoked")
    if _rights(old) != _rights(new):
        return Cut(name, old.environment, "this principal may do something else now")
    left = proofs_of(new, now_ms)
    if proofs_of(old, before_ms) - left:
        return Cut(name, old.environment, "this key has been retired", left)
    if old.certificate != new.certificate:
        return Cut(name, old.environment, "this certificate is not the principal's any more", left)
    return None


def _rights(principal: Principal) -> tuple[object, ...]:
    return (
        frozenset(principal.roles),
        principal.environment,
        principal.tenants,
        principal.tools,
        principal.models,
    )
