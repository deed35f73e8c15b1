"""A key to take to another machine: one file that says who, where, and by which key.

It is a key file too: whoever reads keys finds the seed in it. It must not know who may have one.
"""

import os
import sys
from pathlib import Path

import msgspec

from interlock.bus.errors import MalformedKey
from interlock.bus.identity import BEGIN_SEED, END_SEED, OWNER_ONLY, Identity, read_secret, seed_in
from interlock.contracts.errors import MalformedSubject
from interlock.contracts.subjects import token

MARK = "# Interlock: whoever has this file is who it names."
MOST_URL_CHARS = 2048


class Bundle(msgspec.Struct, frozen=True):
    """A principal, where its server is, and its key's seed."""

    principal: str
    url: str
    seed: str

    def __repr__(self) -> str:
        return f"Bundle({self.principal!r}, {self.url!r})"

    def text(self) -> str:
        """Return the file's content."""
        return (
            f"{MARK}\nprincipal: {self.principal}\nurl: {self.url}\n{BEGIN_SEED}\n{self.seed}\n{END_SEED}\n"
        )


def read(path: Path) -> Bundle | None:
    """Return what a file bundles, None when it is a bare key; raise MalformedKey for anything else."""
    text = read_secret(path)
    if not text.startswith(MARK):
        Identity(seed_in(text))
        return None
    said = dict(
        line.split(": ", 1) for line in text.splitlines() if ": " in line and not line.startswith("#")
    )
    try:
        principal, url = token(said["principal"]), said["url"][:MOST_URL_CHARS]
        return Bundle(principal, url, Identity(seed_in(text)).seed)
    except (KeyError, MalformedSubject) as failure:
        raise MalformedKey(f"the key file {path} was not exported whole: {failure}") from failure


def write(bundle: Bundle, path: Path | None) -> None:
    """Write a bundle to a new file that only its owner may read, or (None) to standard output.

    Raises MalformedKey when a file stands there already, or none can be made.
    """
    if path is None:
        sys.stdout.write(bundle.text())
        return
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
    except FileExistsError:
        raise MalformedKey(f"{path} exists already; a key is never overwritten") from None
    except OSError as failure:
        raise MalformedKey(f"{path} cannot be written: {failure.strerror}") from failure
    with os.fdopen(descriptor, "w") as file:
        file.write(bundle.text())
