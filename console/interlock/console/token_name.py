"""The name that a person's token gives, read as the access service will read it. Nothing is verified here.

It decides nothing: under any other name than the token's own, the server hears nobody.
"""

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from interlock.bus.identity import read_secret
from interlock.console.errors import BadInput
from interlock.console.issuers import VARIABLE
from interlock.supervisor.access.claims import name_in
from interlock.supervisor.access.errors import MalformedSettings, Unproven
from interlock.supervisor.access.oidc import read_oidc

_OWN_WORD = "say --as NAME, or set INTERLOCK_PRINCIPAL"


def name_in_token(file: Path, environment: Mapping[str, str]) -> str:
    """Return the name in a token's file; raises BadInput where nobody here can tell, or it has none."""
    settings = environment.get(VARIABLE)
    if not settings:
        raise BadInput(
            f"under which name does the token speak? {_OWN_WORD}: which claim is the name stands in the OIDC "
            f"file of the access service, and {VARIABLE} names none here"
        )
    try:
        return name_in(_claims(file), read_oidc(Path(settings)).principal)
    except MalformedSettings as error:
        raise BadInput(str(error)) from error
    except Unproven as error:
        raise BadInput(f"{file}: {error}; {_OWN_WORD}") from error


def _claims(file: Path) -> Mapping[str, Any]:
    _, _, rest = read_secret(file, "the token's file").partition(".")
    said = rest.partition(".")[0]
    try:
        data = base64.b64decode(said + "=" * (-len(said) % 4), altchars=b"-_", validate=True)
        return msgspec.json.decode(data, type=dict[str, Any])
    except (ValueError, msgspec.MsgspecError) as error:
        raise BadInput(f"{file} holds no token: it has to be three words with points between them") from error
