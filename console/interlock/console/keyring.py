"""The identities of a local environment: a key for each process and for the person who starts it.

The server enforces them; what a role may do stands in the bus's permissions.
"""

from collections.abc import Iterable
from pathlib import Path

from interlock.bus.users import Users
from interlock.console.state import StateFolder


def admit_all(state: StateFolder, processes: Iterable[tuple[str, str]], person: str) -> dict[str, Path]:
    """Enrol every process (name, role) and the person; return the key files of the processes by name."""
    users = Users(state.store)
    users.admit(person, "admin")
    return {name: users.admit(name, role) for name, role in processes}
