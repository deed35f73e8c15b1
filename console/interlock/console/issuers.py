"""Whose tokens an access service here would believe, looked at before anything starts. It believes none."""

from collections.abc import Mapping
from pathlib import Path

from interlock.console.errors import BadInput

VARIABLE = "INTERLOCK_OIDC"


def check_issuer(environment: Mapping[str, str]) -> str:
    """Return whose tokens are believed, empty: nobody's; raises BadInput when the file will not do."""
    named = environment.get(VARIABLE)
    if not named:
        return ""
    # What reads claims and keys takes a while to load: only where there is something to read.
    from interlock.supervisor.access.errors import AccessError  # noqa: PLC0415 - for that reason
    from interlock.supervisor.access.oidc import read_oidc  # noqa: PLC0415 - for that reason
    from interlock.supervisor.access.tokens import make_tokens  # noqa: PLC0415 - for that reason

    try:
        settings = read_oidc(Path(named))
        make_tokens(settings)
    except AccessError as error:
        raise BadInput(f"{VARIABLE}: {error}") from error
    return settings.issuer
