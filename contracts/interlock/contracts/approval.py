"""An approval as a capability: what exactly somebody has signed, and whether the signature is theirs.

Ed25519 over a canonical statement, by the person's own nkey. Who may approve what, and whether an approval
still counts, it does not know.
"""

import base64
import binascii
import hashlib
from typing import Annotated, Literal

import msgspec

from interlock.contracts import limits
from interlock.contracts.message import Count, Json, Name, Part, Sequence
from interlock.contracts.signatures import has_signed

DOMAIN = b"interlock.approval.v1\n"

_canonical = msgspec.json.Encoder(order="deterministic").encode


class Statement(Part, frozen=True, kw_only=True):
    """What is signed: this call, with these arguments, under these policies, once.

    `arguments` is the digest of the canonical arguments, `policies` that of the policies in force; `effect`
    is the record that asked, `asked_ms` when people were asked, so that what was signed about another log,
    where records may have the same numbers, is nothing here. Of a model, `tool` is its name behind `model:`,
    and the arguments are all that it is asked. It holds for `valid_s` from when it is counted.
    """

    task: Sequence
    number: Sequence
    effect: Sequence
    asked_ms: Count = 0
    tool: str
    arguments: str
    policies: str
    verdict: Literal["approve", "edit"]
    by: Name
    valid_s: Annotated[int, msgspec.Meta(ge=1, le=limits.MAX_APPROVAL_S)] = limits.DEFAULT_APPROVAL_S


class Approval(Part, frozen=True, kw_only=True):
    """A statement with its signature (base64) by the public nkey of whoever made it."""

    statement: Statement
    public_key: Name
    signature: Name
    counted_ms: Count = 0


def canonical(arguments: Json) -> bytes:
    """Return arguments as the bytes that are signed: JSON with sorted keys and no white space."""
    return _canonical(arguments)


def digest_of(arguments: Json) -> str:
    """Return the SHA-256 of the canonical arguments, in hexadecimal digits."""
    return hashlib.sha256(canonical(arguments)).hexdigest()


def signed_bytes(statement: Statement) -> bytes:
    """Return the bytes over which a signature stands."""
    return DOMAIN + _canonical(statement)


def is_signed(approval: Approval) -> bool:
    """Tell whether the signature is that of the public key, over this very statement."""
    try:
        signature = base64.b64decode(approval.signature, validate=True)
    except binascii.Error:
        return False
    return has_signed(approval.public_key, signed_bytes(approval.statement), signature)
