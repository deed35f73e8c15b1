"""What a token's claims say: the way into an object, and the name of whom the token is about. Pure.

It must not know whether a token holds, nor where it came from.
"""

from collections.abc import Mapping
from typing import Any, cast

from interlock.contracts.errors import MalformedSubject
from interlock.contracts.subjects import token as subject_token
from interlock.supervisor.access.errors import Unproven
from interlock.supervisor.access.oidc import Claim, NameClaim


def claim(claims: Mapping[str, Any], path: Claim) -> Any:
    """Return what stands at a claim, or at the end of a way into one; None: nothing."""
    found: Any = claims
    for word in (path,) if isinstance(path, str) else path:
        found = as_object(found).get(word)
    return found


def as_object(value: Any) -> Mapping[str, Any]:
    """Return a value that is an object, and an empty one for any other."""
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}


def name_in(claims: Mapping[str, Any], wanted: NameClaim) -> str:
    """Return the name on the bus; raise Unproven where there is none that can be one."""
    name = claim(claims, wanted.claim)
    if not isinstance(name, str) or not name.endswith(wanted.suffix):
        raise Unproven("the token does not name a person as it has to; see [principal] in the OIDC file")
    try:
        return subject_token(name.removesuffix(wanted.suffix))
    except MalformedSubject as failure:
        raise Unproven(f"the token's name cannot be used: {failure}") from failure
