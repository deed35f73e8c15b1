"""How a command finds the environment it speaks to, and under which name; it starts nothing."""

import contextlib
import getpass
import os
import re
from collections.abc import AsyncGenerator
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from interlock.bus import bundle, tls
from interlock.bus.nats_bus import NatsBus
from interlock.bus.process import Settings, open_bus
from interlock.console.errors import BadInput, NotRunning
from interlock.console.keyring import signing_key
from interlock.console.state import ServerFile, StateFolder, state_folder
from interlock.contracts.errors import MalformedSubject
from interlock.contracts.subjects import token

SPEAKER = "INTERLOCK_PRINCIPAL"
KEY = "INTERLOCK_KEY_FILE"


class Where(msgspec.Struct, frozen=True, kw_only=True):
    """What a person said about the environment; all may be left out."""

    state: str | None = None
    url: str | None = None
    key: str | None = None
    principal: str | None = None


class Reach(msgspec.Struct, frozen=True, kw_only=True):
    """Where the bus is, and who speaks; `server` is None when it was reached by URL."""

    url: str
    principal: str
    key_file: Path | None = None
    token_file: Path | None = None
    server: ServerFile | None = None
    state: Path | None = None


def speaker(given: str | None) -> str:
    """Return the principal that speaks: as given, else as INTERLOCK_PRINCIPAL or the login name says."""
    given = given or os.environ.get(SPEAKER)
    if given:
        try:
            return token(given)
        except MalformedSubject as error:
            raise BadInput(str(error)) from error
    return as_token(_login())


def as_token(name: str) -> str:
    """Return `name` as one token of a subject; a name without a usable letter is `operator`."""
    return re.sub(r"[^a-z0-9_-]+", "-", name.lower()).strip("-_")[:64] or "operator"


def _hosts(url: str) -> str:
    """Return where servers are, without what may be secret in their addresses."""
    return "-".join(urlsplit(each).netloc.rpartition("@")[2] for each in url.split(","))


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


def find(where: Where) -> Reach:
    """Find the environment, by URL or state directory; raises NotRunning when nothing runs there.

    A key that was exported says who speaks and where, unless something else is said. Raises MalformedKey.
    """
    token, key = _file(os.environ.get("INTERLOCK_TOKEN_FILE")), _file(where.key or os.environ.get(KEY))
    exported = bundle.read(key) if key and key.exists() else None
    named = where.principal or (exported.principal if exported else None)
    principal = _named_in(token) if token and not (named or os.environ.get(SPEAKER)) else speaker(named)
    url = where.url or os.environ.get("INTERLOCK_URL") or (exported.url if exported else None)
    state = state_folder(where.state, os.environ)
    server = None if url else state.running()
    if not url and server is None:
        raise NotRunning(f"nothing runs in {state.root}; start it with: interlock up")
    if server and not token:
        return reach_local(state, server, principal, key)
    reached = url or (server.url if server else "")
    if token and not key:
        key = signing_key(state, principal, as_token(_hosts(reached)))
    return Reach(
        url=reached,
        principal=principal,
        key_file=key,
        token_file=token,
        server=server,
        state=state.root if server else None,
    )


def _file(named: str | None) -> Path | None:
    return Path(named) if named else None


def _named_in(token: Path) -> str:
    # The settings of tokens are loaded only where somebody comes with one.
    from interlock.console.token_name import name_in_token  # noqa: PLC0415 - for that reason

    return name_in_token(token, os.environ)


def reach_local(
    state: StateFolder, server: ServerFile, principal: str, key_file: Path | None = None
) -> Reach:
    """Return how `principal` reaches the environment that runs in `state`, with its key from there."""
    if key_file is None:
        key_file = state.key_file(principal)
        if not key_file.exists():
            raise BadInput(
                f"{principal} has no key in {state.keys}; make one with: "
                f"interlock keys create {principal} --role admin"
            )
    return Reach(url=server.url, principal=principal, key_file=key_file, server=server, state=state.root)


@contextlib.asynccontextmanager
async def connected(reach: Reach, *, patience_s: float = 0.0) -> AsyncGenerator[NatsBus]:
    """Connect, and end the connection afterwards; raises the bus's errors, a refusal after `patience_s`."""
    settings = Settings(
        url=reach.url,
        principal=reach.principal,
        key_file=reach.key_file,
        token_file=reach.token_file,
        # What we started ourselves listens on this machine alone, and does not encrypt.
        tls=None if reach.server else tls.folder_of(os.environ),
    )
    bus = await open_bus(settings, name=f"console-{reach.principal}", patience_s=patience_s)
    try:
        yield bus
    finally:
        await bus.close()
