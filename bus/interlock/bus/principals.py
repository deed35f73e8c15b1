"""The directory of principals: who there is, in which roles, and by which keys each is known.

One file of one folder; whoever admits people and processes reads it anew when it has changed. It must not
know how anybody proves a key, nor what a role may do.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple

import msgspec

from interlock.bus import identity
from interlock.bus.clock import now_ms
from interlock.bus.errors import KeyTaken, MalformedKey, NotPermitted, UnknownPrincipal
from interlock.bus.lock import locked
from interlock.bus.permissions import PEOPLE, ROLES, permissions_of
from interlock.contracts.subjects import token

DEFAULT_ENVIRONMENT = "development"
MOST_KEYS = 16
"""How many keys of a principal are remembered, the newest."""
MOST_VALID = 2
OWNER_ONLY = 0o600
_NUMBERED = re.compile(r"-\d+$")


class Key(msgspec.Struct, frozen=True):
    """A public key; `revoked_ms` 0: it is good."""

    public_key: str
    created_ms: int
    revoked_ms: int = 0


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """One who may connect: a process in its one role, a person in one or more.

    `tenants`, `tools` and `models` are what may be done in its name; an empty one allows all. `certificate`
    is the name in a client certificate that proves it, besides its keys: a URI, a DNS name, or the common
    name. `charter` is the role of which an agent may have a charter; empty: its name without the number.
    `groups` are those of a person for which it may approve.
    """

    roles: tuple[str, ...]
    keys: tuple[Key, ...] = ()
    environment: str = DEFAULT_ENVIRONMENT
    tenants: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    certificate: str = ""
    charter: str = ""
    revoked_ms: int = 0

    def charter_of(self, name: str) -> str:
        """Return the role of which the agent of that name may have a charter."""
        return self.charter or _NUMBERED.sub("", name)

    @property
    def valid_keys(self) -> tuple[str, ...]:
        """The public keys that prove it now, the newest last."""
        return () if self.revoked_ms else tuple(key.public_key for key in self.keys if not key.revoked_ms)


class Stamp(NamedTuple):
    """What a change of the file changes."""

    inode: int
    changed_ns: int
    size_bytes: int


class Principals:
    """The directory of one folder; private keys that are made here stand below its `keys/`.

    Without a directory the server of the folder is open; from the first enrolment on it refuses everybody
    else, also when all have been revoked.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.file = folder / "principals.json"
        self.keys = folder / "keys"

    @property
    def exists(self) -> bool:
        """Whether anybody was ever enrolled."""
        return self.file.exists()

    def read(self) -> dict[str, Principal]:
        """Return all principals by name."""
        if not self.exists:
            return {}
        try:
            return msgspec.json.decode(self.file.read_bytes(), type=dict[str, Principal])
        except msgspec.MsgspecError as failure:
            raise MalformedKey(
                f"the directory of principals {self.file} is damaged: {failure}; restore it"
            ) from failure

    def stamp(self) -> Stamp | None:
        """Return something that changes whenever the file does; None while there is none."""
        try:
            found = self.file.stat()
        except FileNotFoundError:
            return None
        return Stamp(found.st_ino, found.st_mtime_ns, found.st_size)

    def key_file(self, name: str) -> Path:
        """Return where the private key of a principal stands, if it was made here."""
        return self.keys / f"{token(name)}.nk"

    def admit(self, name: str, roles: Iterable[str], *, environment: str = DEFAULT_ENVIRONMENT) -> Path:
        """Enrol a principal with the key below `keys/`, created where missing; return the key's file.

        Who is there already keeps everything but the roles; who was revoked stays so.
        """
        wanted = tuple(roles)
        permissions_of(token(name), wanted)
        public_key = identity.load_or_create(self.key_file(name)).public_key

        def admitted(found: Principal | None) -> Principal:
            known = found or Principal(roles=wanted, environment=environment)
            keys = known.keys
            if all(key.public_key != public_key for key in keys):
                keys = _with(keys, public_key)
            return msgspec.structs.replace(known, roles=wanted, keys=keys)

        self._change(name, admitted)
        return self.key_file(name)

    def enrol(self, name: str, principal: Principal) -> None:
        """Add or replace a principal; raise MalformedSubject or NotPermitted for an unusable name or role."""
        self._change(name, lambda _: principal)

    def rotate(self, name: str) -> Path:
        """Give a principal a new key beside the one it has, which stays good until `retire`.

        The key file is replaced; the old private key is not kept. Raises KeyTaken while two are good already.
        """
        fresh = identity.create()
        with self._locked():
            found = self._known(name)
            if len(found.valid_keys) >= MOST_VALID:
                raise KeyTaken(f"{name} has {MOST_VALID} good keys already; retire the older one first")
            # Known before it is used: whoever reads the new file is admitted.
            self._put(name, msgspec.structs.replace(found, keys=_with(found.keys, fresh.public_key)))
            self._keep(fresh, name)
        return self.key_file(name)

    def retire(self, name: str) -> int:
        """Revoke all keys of a principal but the newest good one; return how many that were."""

        def retired(found: Principal) -> Principal:
            newest = found.valid_keys[-1:]
            return msgspec.structs.replace(found, keys=_revoked(found.keys, but=newest))

        with self._locked():
            found = self._known(name)
            self._put(name, retired(found))
        return max(len(found.valid_keys) - 1, 0)

    def revoke(self, name: str) -> None:
        """Refuse a principal from now on, with whatever it proves itself; to do it twice is harmless."""
        with self._locked():
            found = self._known(name)
            if not found.revoked_ms:
                self._put(name, msgspec.structs.replace(found, revoked_ms=now_ms()))

    def reinstate(self, name: str) -> Path:
        """Admit a revoked principal again, by a new key alone; return the key's file."""
        fresh = identity.create()
        with self._locked():
            found = self._known(name)
            keys = _with(_revoked(found.keys), fresh.public_key)
            self._put(name, msgspec.structs.replace(found, keys=keys, revoked_ms=0))
            self._keep(fresh, name)
        return self.key_file(name)

    def _locked(self) -> AbstractContextManager[None]:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return locked(self._folder / "principals.lock")

    def _known(self, name: str) -> Principal:
        found = self.read().get(name)
        if found is None:
            raise UnknownPrincipal(f"there is no principal {name} in {self.file}")
        return found

    def _change(self, name: str, change: Callable[[Principal | None], Principal]) -> None:
        with self._locked():
            self._put(name, change(self.read().get(name)))

    def _put(self, name: str, principal: Principal) -> None:
        permissions_of(token(name), principal.roles)
        token(principal.environment)
        others = {other: known for other, known in self.read().items() if other != name}
        _check_own(name, principal, others)
        _check_groups(name, principal, others)
        _write(self.file, msgspec.json.format(msgspec.json.encode(others | {name: principal})))

    def _keep(self, fresh: identity.Identity, name: str) -> None:
        self.keys.mkdir(mode=0o700, exist_ok=True)
        identity.replace(fresh, self.key_file(name))


def _with(keys: tuple[Key, ...], public_key: str) -> tuple[Key, ...]:
    return (*keys, Key(public_key, now_ms()))[-MOST_KEYS:]


def _revoked(keys: tuple[Key, ...], *, but: tuple[str, ...] = ()) -> tuple[Key, ...]:
    at_ms = now_ms()
    return tuple(
        key if key.revoked_ms or key.public_key in but else msgspec.structs.replace(key, revoked_ms=at_ms)
        for key in keys
    )


def _check_groups(name: str, principal: Principal, others: Mapping[str, Principal]) -> None:
    """Raise MalformedSubject or NotPermitted for groups that nobody, or not this principal, can be in."""
    for group in principal.groups:
        if token(group) in ROLES:
            raise NotPermitted(f"{group} is a role, no group: give {name} that role, or name another group")
        if group in others:
            raise NotPermitted(f"{group} is somebody's name, who would be answered for: name another group")
    if any(name in other.groups for other in others.values()):
        raise NotPermitted(f"{name} is a group already, which it would answer for: choose another name")
    if principal.groups and not all(role in PEOPLE for role in principal.roles):
        raise NotPermitted(f"{name} is a process and approves nothing: only people are in groups")


def _check_own(name: str, principal: Principal, others: dict[str, Principal]) -> None:
    """Raise KeyTaken when a key or certificate proves somebody else already, revoked or not."""
    own = {key.public_key for key in principal.keys}
    for other, known in others.items():
        if own & {key.public_key for key in known.keys}:
            raise KeyTaken(f"the key of {name} is known as {other}'s; every principal needs a key of its own")
        if principal.certificate and principal.certificate == known.certificate:
            raise KeyTaken(
                f"the certificate name {principal.certificate!r} is {other}'s; every principal needs its own"
            )


def _write(path: Path, data: bytes) -> None:
    """Replace a file at once, so that whoever reads it now reads the old or the new one."""
    draft = path.with_suffix(".new")
    draft.touch(mode=OWNER_ONLY)
    draft.write_bytes(data)
    draft.replace(path)
