"""The folder of policies that a person has named, looked at before anything starts."""

from collections.abc import Mapping

from interlock.supervisor.policies import VARIABLE, folder_named


def check_policies(environment: Mapping[str, str]) -> None:
    """Raise BadInput when the named folder will not do: everything would be denied, and nobody knew why."""
    if environment.get(VARIABLE):
        # Cedar takes a while to load: only where there is something to read.
        from interlock.console.policies.folder import in_force  # noqa: PLC0415 - for that reason

        in_force(folder_named(environment))
