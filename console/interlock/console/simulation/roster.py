"""The people of a simulation: in which groups they are, and the keys by which they sign.

Who somebody is follows from the name, so that the same ones sign in every run.
"""

from base64 import b64encode
from functools import lru_cache
from hashlib import sha256
from typing import Any

import nkeys as untyped  # type: ignore[import-untyped]  # pyright: ignore[reportMissingTypeStubs] - has none

from interlock.bus.identity import Identity
from interlock.contracts.approval import Approval, Statement, signed_bytes
from interlock.contracts.observed import Entitlement

nkeys: Any = untyped

FINANCE, CONTROLLERS, OPERATOR = "finance", "controllers", "operator"
SUBMITTER = "alice"
STRANGER = "mallory"

GROUPS: dict[str, tuple[str, ...]] = {
    SUBMITTER: (FINANCE,),
    "fay": (FINANCE,),
    "fred": (FINANCE,),
    "finn": (FINANCE,),
    "carl": (CONTROLLERS,),
    "cora": (CONTROLLERS,),
    "nick": (),
    STRANGER: (FINANCE,),
}
ROLES: dict[str, tuple[str, ...]] = {
    SUBMITTER: ("submitter", "approver"),
    "olga": ("admin",),
    "ada": ("admin",),
    "bert": ("admin",),
}
NAMES = tuple(dict.fromkeys((*ROLES, *GROUPS)))


def entitlement_of(name: str) -> Entitlement:
    """Return what the access service says of somebody."""
    roles = ROLES.get(name, ("approver",))
    return Entitlement(roles=roles, groups=GROUPS.get(name, ()), keys=(key_of(name).public_key,))


def is_member(name: str, role: str) -> bool:
    """Tell whether somebody belongs to a role: a group, a role of people, or a person's own name."""
    roles = ROLES.get(name, ("approver",)) if name in NAMES else ()
    if name in NAMES and role == name:
        return True
    if role in GROUPS.get(name, ()) or role in roles:
        return True
    return role in {OPERATOR, "approver"} and "admin" in roles


def members_of(role: str) -> list[str]:
    """Return everybody of a role."""
    return [name for name in NAMES if is_member(name, role)]


@lru_cache
def key_of(name: str) -> Identity:
    """Return somebody's key."""
    seed = nkeys.encode_seed(sha256(name.encode()).digest(), nkeys.PREFIX_BYTE_USER)
    return Identity(seed.decode())


def sign(statement: Statement, signer: str) -> Approval:
    """Return a statement with a signature by somebody's key."""
    key = key_of(signer)
    signature = b64encode(key.sign(signed_bytes(statement))).decode()
    return Approval(statement=statement, public_key=key.public_key, signature=signature)
