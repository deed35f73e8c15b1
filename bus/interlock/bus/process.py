"""How every process of Interlock starts and ends: settings from the environment, bus, signals, exit codes.

It knows nothing of what the process is for.
"""

import asyncio
import ctypes
import gc
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Literal

import msgspec
import uvloop

from interlock.bus import logs, tls
from interlock.bus.appends import AppendLimits
from interlock.bus.credentials import Credentials
from interlock.bus.errors import BusError
from interlock.bus.identity import read_secret, read_seed
from interlock.bus.logs import log
from interlock.bus.nats_bus import NatsBus, connect_by
from interlock.bus.patience import be_patient, come_first
from interlock.contracts.errors import ContractError

DONE, INTERNAL, USAGE, UNREACHABLE = 0, 1, 2, 7
_PR_SET_PDEATHSIG = 1
GARBAGE_THRESHOLDS = (20_000, 20, 20)
Share = Literal["patient", "ordinary", "first"]
PATIENCE_S = 10.0
"""How long a process that starts lets itself be refused: who admits may be starting too."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Where the bus is, who this process is on it, and by what it proves that.

    `key_file` holds an nkey's seed, `token_file` an access token, `tls` is a folder (see `tls`). None of
    them: a server that is open. `ready_fd` is the descriptor on which somebody waits for `say_ready`.
    """

    url: str
    principal: str
    key_file: Path | None = None
    token_file: Path | None = None
    tls: Path | None = None
    log: str = "json"
    parent: int = 0
    ready_fd: int | None = None


def read_settings(environment: dict[str, str], *, principal: str = "") -> Settings:
    """Read the settings of a process; raises ContractError that names the missing variable."""
    name = environment.get("INTERLOCK_PRINCIPAL", principal)
    if not name:
        raise ContractError("INTERLOCK_PRINCIPAL is not set: say under which name this process speaks")
    parent = environment.get("INTERLOCK_PARENT", "0")
    descriptor = environment.get("INTERLOCK_READY_FD", "")
    return Settings(
        url=environment.get("INTERLOCK_URL", "nats://127.0.0.1:4222"),
        principal=name,
        key_file=_file_of(environment, "INTERLOCK_KEY_FILE"),
        token_file=_file_of(environment, "INTERLOCK_TOKEN_FILE"),
        tls=tls.folder_of(environment),
        log=environment.get("INTERLOCK_LOG", "pretty" if sys.stderr.isatty() else "json"),
        parent=int(parent) if parent.isdecimal() else 0,
        ready_fd=int(descriptor) if descriptor.isdecimal() else None,
    )


async def open_bus(
    settings: Settings,
    *,
    limits: AppendLimits | None = None,
    name: str = "",
    patience_s: float = PATIENCE_S,
) -> NatsBus:
    """Connect as the settings say; key and token are read again at every connection.

    Raises MalformedKey for a file that cannot be used, Unreachable when no server answers, NotPermitted when
    it still refuses after `patience_s`.
    """
    context = tls.client_context(settings.tls) if settings.tls else None
    key = partial(read_seed, settings.key_file) if settings.key_file else None
    token = partial(read_secret, settings.token_file, "the token's file") if settings.token_file else None
    credentials = Credentials(key, token, context)
    return await connect_by(
        credentials, settings.url, settings.principal, name=name, limits=limits, patience_s=patience_s
    )


def _file_of(environment: dict[str, str], variable: str) -> Path | None:
    named = environment.get(variable, "")
    return Path(named) if named else None


def run(
    main: Callable[[Settings], Coroutine[Any, Any, int]], *, principal: str = "", share: Share = "patient"
) -> int:
    """Run a process's main until it ends or is told to; return its exit code.

    SIGTERM and SIGINT cancel `main` once; it has the time that its starter gives it to end in order.
    `share` is how it shares the cores with others: see `patience`.
    """
    try:
        settings = read_settings(dict(os.environ), principal=principal)
        logs.configure(settings.log, principal=settings.principal)
        _die_with(settings.parent)
        if share == "patient" or (share == "first" and not come_first()):
            be_patient()
        return uvloop.run(_until_told(main(settings)))
    except ContractError as error:
        return _say(error, USAGE)
    except BusError as error:
        return _say(error, UNREACHABLE)


def say_ready(descriptor: int | None) -> None:
    """Tell whoever waits (None: nobody) that this process is ready; that they wait no more is no error."""
    if descriptor is not None:
        with suppress(OSError), os.fdopen(descriptor, "wb") as waiting:
            waiting.write(b"ready\n")


async def _until_told(main: Coroutine[Any, Any, int]) -> int:
    task = asyncio.ensure_future(main)
    # What a process has loaded stays; what it works on is acyclic, so looking for cycles seldom finds one.
    gc.freeze()
    gc.set_threshold(*GARBAGE_THRESHOLDS)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    try:
        return await task
    except asyncio.CancelledError:
        return DONE


def _die_with(parent: int) -> None:
    """Ask Linux to end this process when its parent ends (prctl(2), PR_SET_PDEATHSIG)."""
    if parent and sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            raise ContractError(f"the process {parent} that started this one is gone already")


def _say(error: Exception, code: int) -> int:
    log.error("stopped", reason=str(error))
    return code
