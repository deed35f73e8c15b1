"""The keys of this machine: of a local environment's processes and person, and of who comes with a token.

The server enforces them; what a role may do stands in the bus's permissions. Access and guard stand beside
the processes that were named: without them nobody is admitted, and nobody is stopped.
"""

from collections.abc import Iterable
from pathlib import Path

from interlock.bus import identity
from interlock.bus.principals import Principals
from interlock.console.state import StateFolder

WATCHERS = (("access-1", "access"), ("guard-1", "guard"))
PERSON = "admin"


def admit_all(state: StateFolder, processes: Iterable[tuple[str, str]], person: str) -> dict[str, Path]:
    """Enrol every process (name, role) and the person; return the key files of the processes by name."""
    principals = Principals(state.store)
    principals.admit(person, [PERSON])
    return {name: principals.admit(name, [role]) for name, role in dict((*processes, *WATCHERS)).items()}


def signing_key(state: StateFolder, person: str, server: str) -> Path | None:
    """Return the key by which a person signs who comes to a server with tokens: made on first use.

    Its name is none that the directory makes keys for, and each server has another key, so that what is
    signed for one means nothing to the other. None: no folder here can keep it. Raises MalformedKey for one
    that cannot be used.
    """
    path = state.key_file(f"{person}@{server}")
    try:
        for folder in (state.root, state.store, state.keys):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        identity.load_or_create(path)
    except OSError:
        return None
    return path
