"""People with keys: who they are is their name, so that the same ones sign in every run."""

from base64 import b64encode
from functools import lru_cache
from hashlib import sha256
from typing import Any, Literal

import nkeys as untyped  # type: ignore[import-untyped]  # pyright: ignore[reportMissingTypeStubs] - has none
from msgspec.structs import replace

from interlock.bus.identity import Identity
from interlock.contracts.approval import Approval, Statement, digest_of, signed_bytes
from interlock.contracts.message import Json
from interlock.supervisor.core.state import State

nkeys: Any = untyped


@lru_cache
def key_of(name: str) -> Identity:
    """Return somebody's key."""
    seed = nkeys.encode_seed(sha256(name.encode()).digest(), nkeys.PREFIX_BYTE_USER)
    return Identity(seed.decode())


def statement_of(
    state: State, task: int, number: int, by: str, arguments: Json | None = None, valid_s: int = 900
) -> Statement:
    """Return what somebody has to sign now to approve; with other arguments, to edit."""
    known = state.escalations[task, number]
    verdict: Literal["approve", "edit"] = "approve" if arguments is None else "edit"
    return Statement(
        task=task,
        number=number,
        effect=known.said.effect,
        asked_ms=known.said.at_ms,
        tool=known.said.tool,
        arguments=known.digest if arguments is None else digest_of(arguments),
        policies="" if state.policies is None else state.policies.digest,
        verdict=verdict,
        by=by,
        valid_s=valid_s,
    )


def signed(statement: Statement, key: Identity | None = None) -> Approval:
    """Return an approval that whoever makes the statement has signed, unless it is another's key."""
    key = key or key_of(statement.by)
    signature = b64encode(key.sign(signed_bytes(statement))).decode()
    return Approval(statement=statement, public_key=key.public_key, signature=signature)


def altered(approval: Approval, **changes: Any) -> Approval:
    """Return an approval whose statement was changed after it was signed."""
    return replace(approval, statement=replace(approval.statement, **changes))
