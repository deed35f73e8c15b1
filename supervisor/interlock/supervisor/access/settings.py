"""What an access service is told by its environment; the only place that reads it."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from interlock.supervisor.access.errors import MalformedSettings

PRINCIPAL = "access-1"


class AccessSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`directory` holds the principals and the server's keys; `server_log` and `oidc` are optional files.

    One line is written to the descriptor `ready_fd` when the service answers (None: nobody waits for it).
    """

    directory: Path
    server_log: Path | None = None
    oidc: Path | None = None
    ready_fd: int | None = None


def read_settings(environment: Mapping[str, str]) -> AccessSettings:
    """Read the settings; raises MalformedSettings that names the variable."""
    directory = environment.get("INTERLOCK_DIRECTORY", "")
    if not directory:
        raise MalformedSettings(
            "INTERLOCK_DIRECTORY is not set: say where principals.json and server-keys/ stand"
        )
    descriptor = environment.get("INTERLOCK_READY_FD", "")
    if descriptor and not descriptor.isdecimal():
        raise MalformedSettings(f"INTERLOCK_READY_FD is {descriptor!r}: it is the number of a descriptor")
    return AccessSettings(
        directory=Path(directory),
        server_log=_path(environment, "INTERLOCK_SERVER_LOG"),
        oidc=_path(environment, "INTERLOCK_OIDC"),
        ready_fd=int(descriptor) if descriptor else None,
    )


def _path(environment: Mapping[str, str], name: str) -> Path | None:
    value = environment.get(name, "")
    return Path(value) if value else None
