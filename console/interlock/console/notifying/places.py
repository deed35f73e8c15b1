"""Where a notifier finds its file, and where it keeps how far it is; it reads neither."""

from collections.abc import Mapping
from pathlib import Path

from interlock.console.errors import BadInput
from interlock.console.state import state_folder

VARIABLE = "INTERLOCK_NOTIFY"
PLACE = "INTERLOCK_NOTIFY_STATE"


def file_named(given: str | None, environment: Mapping[str, str]) -> Path:
    """Return the file of channels, as given or as INTERLOCK_NOTIFY says; raises BadInput without one."""
    named = given or environment.get(VARIABLE, "")
    if not named:
        raise BadInput(f"which file of channels? Name it, or set {VARIABLE}; docs/notifications.md shows one")
    return Path(named).expanduser().absolute()


def positions_of(principal: str, environment: Mapping[str, str], state: str | None = None) -> Path:
    """Return the folder of a notifier: below INTERLOCK_NOTIFY_STATE, else below the state directory."""
    named = environment.get(PLACE, "")
    base = Path(named).expanduser().absolute() if named else state_folder(state, environment).notifying
    return base / principal
