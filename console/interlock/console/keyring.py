"""The identities of a local environment: a key for each process and for the person who starts it.

The server enforces them; what a role may do stands in the bus's permissions. Access and guard stand beside
the processes that were named: without them nobody is admitted, and nobody is stopped.
"""

from collections.abc import Iterable
from pathlib import Path

from interlock.bus.principals import Principals
from interlock.console.state import StateFolder

WATCHERS = (("access-1", "access"), ("guard-1", "guard"))
PERSON = "admin"


def admit_all(state: StateFolder, processes: Iterable[tuple[str, str]], person: str) -> dict[str, Path]:
    """Enrol every process (name, role) and the person; return the key files of the processes by name."""
    principals = Principals(state.store)
    principals.admit(person, [PERSON])
    return {name: principals.admit(name, [role]) for name, role in dict((*processes, *WATCHERS)).items()}
