"""Signs an approval with a person's own nkey, over exactly the arguments that were shown; sends nothing."""

import base64
from pathlib import Path

from interlock.bus import identity
from interlock.bus.identity import Identity
from interlock.console.errors import BadInput, Unreadable
from interlock.console.people.asked import Asked
from interlock.console.people.docket import Docket
from interlock.contracts.approval import Approval, Statement, digest_of, signed_bytes
from interlock.contracts.message import Json


def signer_of(key_file: Path | None, person: str) -> Identity:
    """Return the key of a person; raises BadInput when there is none, MalformedKey when it is unusable."""
    if key_file is None:
        raise BadInput(
            f"an approval is signed, and {person} has no key here: name its file with --key or "
            f"INTERLOCK_KEY_FILE; an admin makes one with: interlock keys create {person} --role approver"
        )
    return identity.load(key_file)


def sign_approve(signer: Identity, person: str, docket: Docket, asked: Asked) -> Approval:
    """Sign what is asked for, as it stands; raises Unreadable when the log's own digest is another."""
    digest = digest_of(asked.arguments)
    if digest != asked.digest:
        raise Unreadable(
            f"{asked.number}: its arguments have the digest {digest[:12]}, and the log says "
            f"{asked.digest[:12]}; nothing was signed: report it"
        )
    return _signed(signer, person, docket, asked, digest, verdict="approve")


def sign_edit(signer: Identity, person: str, docket: Docket, asked: Asked, arguments: Json) -> Approval:
    """Sign what is to stand in place of what is asked for."""
    return _signed(signer, person, docket, asked, digest_of(arguments), verdict="edit")


def _signed(
    signer: Identity, person: str, docket: Docket, asked: Asked, digest: str, *, verdict: str
) -> Approval:
    statement = Statement(
        task=asked.task,
        number=asked.said.number,
        effect=asked.said.effect,
        asked_ms=asked.said.at_ms,
        tool=asked.said.tool,
        arguments=digest,
        policies=docket.policies,
        verdict="edit" if verdict == "edit" else "approve",
        by=person,
    )
    signature = base64.b64encode(signer.sign(signed_bytes(statement))).decode()
    return Approval(statement=statement, public_key=signer.public_key, signature=signature)
