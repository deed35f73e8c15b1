"""Who a process is to the server: an nkey pair, whose seed stands in a file that only its owner may read.

Source: https://docs.nats.io/running-a-nats-service/configuration/securing_nats/auth_intro/nkey_auth.
It must not know what an identity may do.
"""

import os
import secrets
from pathlib import Path
from typing import Any, Literal, NamedTuple

import nkeys as untyped  # type: ignore[import-untyped]  # pyright: ignore[reportMissingTypeStubs] - has none

from interlock.bus.errors import MalformedKey

nkeys: Any = untyped
SEED_BYTES = 32
# As in a NATS credentials file, so that other programs find it too.
BEGIN_SEED = "-----BEGIN USER NKEY SEED-----"
END_SEED = "------END USER NKEY SEED------"
OWNER_ONLY = 0o600
_OTHERS = 0o077

Kind = Literal["user", "account"]


class _Form(NamedTuple):
    """How keys of one kind look: a byte for the seed, and what public key and seed begin with."""

    prefix: int
    public: str
    seed: str


_FORMS: dict[Kind, _Form] = {
    "user": _Form(nkeys.PREFIX_BYTE_USER, "U", "SU"),
    "account": _Form(nkeys.PREFIX_BYTE_ACCOUNT, "A", "SA"),
}


class Identity:
    """One key pair; `seed` is the secret, `public_key` is what the server is told.

    Users connect; an account's key signs what users may do.
    """

    def __init__(self, seed: str, kind: Kind = "user") -> None:
        form = _FORMS[kind]
        try:
            self._pair = nkeys.from_seed(bytearray(seed.encode()))
            self.public_key: str = self._pair.public_key.decode()
        except (nkeys.NkeysError, ValueError) as failure:
            raise MalformedKey(
                f"this is not the seed of an nkey: it begins with {form.seed} and has 58 characters"
            ) from failure
        if not self.public_key.startswith(form.public):
            raise MalformedKey(f"this nkey is not of a {kind}: its seed has to begin with {form.seed}")
        self.seed = seed

    def sign(self, data: bytes) -> bytes:
        """Return the signature (Ed25519, 64 bytes)."""
        signature: bytes = self._pair.sign(data)
        return signature

    def __repr__(self) -> str:
        return f"Identity({self.public_key})"


def create(kind: Kind = "user") -> Identity:
    """Return a new identity."""
    return Identity(nkeys.encode_seed(secrets.token_bytes(SEED_BYTES), _FORMS[kind].prefix).decode(), kind)


def save(identity: Identity, path: Path) -> None:
    """Write the seed to a new file with mode 0600; raise MalformedKey when one stands there already."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
    except FileExistsError:
        raise MalformedKey(f"{path} exists already; a key is never overwritten") from None
    with os.fdopen(descriptor, "w") as file:
        file.write(identity.seed + "\n")


def replace(identity: Identity, path: Path) -> None:
    """Put a new seed where another stands: who reads the file finds the one or the other, whole."""
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    save(identity, draft)
    draft.replace(path)


def load(path: Path, kind: Kind = "user") -> Identity:
    """Read an identity; raise MalformedKey when the file is missing, no key, or readable by others."""
    seed = seed_in(read_secret(path))
    try:
        return Identity(seed, kind)
    except MalformedKey as failure:
        raise MalformedKey(f"the key file {path} holds no usable key: {failure}") from failure


def read_secret(path: Path, what: str = "the key file") -> str:
    """Read a file that only its owner may read, without blank ends; raise MalformedKey for another.

    `what` names such a file in that sentence.
    """
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="ascii", errors="replace").strip()
    except OSError as failure:
        raise MalformedKey(f"{what} {path} cannot be read: {failure.strerror}") from failure
    if mode & _OTHERS:
        raise MalformedKey(f"others may read {what} {path}; run: chmod 600 {path}")
    return text


def read_seed(path: Path) -> str:
    """Read the seed in a key file, or in a bundle; raise MalformedKey as `read_secret` does."""
    return seed_in(read_secret(path))


def seed_in(text: str) -> str:
    """Return the seed in the text of a key file: all of it, or what stands between the marks."""
    _, begun, rest = text.partition(BEGIN_SEED)
    return rest.partition(END_SEED)[0].strip() if begun else text


def load_or_create(path: Path, kind: Kind = "user") -> Identity:
    """Return the identity of a file, which is created with a new one when it does not exist."""
    if path.exists():
        return load(path, kind)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    identity = create(kind)
    save(identity, path)
    return identity
