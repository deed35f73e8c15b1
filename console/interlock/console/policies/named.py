"""The folder of policies that a supervisor here would read, looked at before anything starts."""

from collections.abc import Mapping
from pathlib import Path

from interlock.console.errors import BadInput
from interlock.supervisor.policies import VARIABLE, folder_named


def named_folder(environment: Mapping[str, str]) -> Path:
    """Return the folder that a supervisor here would read; raises BadInput where the variable names none."""
    folder = folder_named(environment)
    if not folder.is_dir():
        raise BadInput(f"{VARIABLE}: {folder} is no folder: name one with *.cedar files, or unset it")
    return folder


def check_policies(environment: Mapping[str, str]) -> None:
    """Raise BadInput when the named folder will not do: everything would be denied, and nobody knew why."""
    if environment.get(VARIABLE):
        # Cedar takes a while to load: only where there is something to read.
        from interlock.console.policies.folder import in_force  # noqa: PLC0415 - for that reason

        in_force(named_folder(environment))
