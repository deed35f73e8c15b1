"""Who a process is to the server: an nkey pair, whose seed stands in a file that only its owner may read.

Source: https://docs.nats.io/running-a-nats-service/configuration/securing_nats/auth_intro/nkey_auth.
It must not know what an identity may do.
"""

import os
import secrets
from pathlib import Path
from typing import Any

import nkeys as untyped  # type: ignore[import-untyped]  # pyright: ignore[reportMissingTypeStubs] - has none

from interlock.bus.errors import MalformedKey

nkeys: Any = untyped
SEED_BYTES = 32
OWNER_ONLY = 0o600
_OTHERS = 0o077


class Identity:
    """One user key pair; `seed` is the secret, `public_key` is what the server is told."""

    def __init__(self, seed: str) -> None:
        try:
            self.public_key: str = nkeys.from_seed(bytearray(seed.encode())).public_key.decode()
        except (nkeys.NkeysError, ValueError) as failure:
            raise MalformedKey(
                "this is not the seed of an nkey: it begins with SU and has 58 characters"
            ) from failure
        if not self.public_key.startswith("U"):
            raise MalformedKey("this nkey is not a user's: its seed has to begin with SU")
        self.seed = seed

    def __repr__(self) -> str:
        return f"Identity({self.public_key})"


def create() -> Identity:
    """Return a new identity."""
    return Identity(nkeys.encode_seed(secrets.token_bytes(SEED_BYTES), nkeys.PREFIX_BYTE_USER).decode())


def save(identity: Identity, path: Path) -> None:
    """Write the seed to a new file with mode 0600; raise MalformedKey when one stands there already."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
    except FileExistsError:
        raise MalformedKey(f"{path} exists already; a key is never overwritten") from None
    with os.fdopen(descriptor, "w") as file:
        file.write(identity.seed + "\n")


def load(path: Path) -> Identity:
    """Read an identity; raise MalformedKey when the file is missing, no key, or readable by others."""
    try:
        mode = path.stat().st_mode
        seed = path.read_text(encoding="ascii", errors="replace").strip()
    except OSError as failure:
        raise MalformedKey(f"the key file {path} cannot be read: {failure.strerror}") from failure
    if mode & _OTHERS:
        raise MalformedKey(f"others may read the key file {path}; run: chmod 600 {path}")
    try:
        return Identity(seed)
    except MalformedKey as failure:
        raise MalformedKey(f"the key file {path} holds no usable key: {failure}") from failure


def load_or_create(path: Path) -> Identity:
    """Return the identity of a file, which is created with a new one when it does not exist."""
    if path.exists():
        return load(path)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    identity = create()
    save(identity, path)
    return identity
