"""Who is admitted: one decision from the directory, the switches and what a connection has proven. Pure.

A machine is admitted for about an hour and asks again, so that whoever missed a revocation is refused then;
the hours of many are spread, so that they do not ask all at once. It must not know how anything is proven.
"""

from collections.abc import Callable
from zlib import crc32

import msgspec

from interlock.bus.permissions import PEOPLE, PROCESSES
from interlock.bus.principals import Principal
from interlock.contracts.observed import Entitlement
from interlock.supervisor.access.directory import Directory, is_agent, is_retired, is_revoked

HOUR_S = 3_600
SPREAD_S = 360
# A token that ends at once would let its owner knock all the time.
SHORTEST_S = 1
SHOWN_CHARS = 12
MOST_LISTED_CHARS = 200
CERTIFICATE, TOKEN = "certificate", "token"


class KeyProof(msgspec.Struct, frozen=True, tag=True):
    """Somebody has signed the server's nonce with this nkey."""

    public_key: str


class CertificateProof(msgspec.Struct, frozen=True, tag=True):
    """The server has verified a certificate: `principals` it names outright, and its other `names`."""

    principals: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


class TokenProof(msgspec.Struct, frozen=True, tag=True):
    """An issuer that is trusted says who this person is, until `expires_s` (since the epoch)."""

    name: str
    roles: tuple[str, ...]
    environment: str
    expires_s: int
    tenants: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    models: tuple[str, ...] = ()


Proof = KeyProof | CertificateProof | TokenProof


class Admitted(msgspec.Struct, frozen=True):
    """Who it is, for how long; `proof` is the key, or `certificate` or `token`."""

    principal: str
    roles: tuple[str, ...]
    environment: str
    expires_s: int
    entitlement: Entitlement
    proof: str


class Rejected(msgspec.Struct, frozen=True):
    """Why not; the principal and environment as far as somebody knows them, `shown` of the credentials."""

    reason: str
    principal: str = ""
    environment: str = ""
    shown: str = ""


# Returns the words for the kill that keeps an agent of an environment out, or nothing.
KillOver = Callable[[str, str], str]
Outcome = Admitted | Rejected


class Moment(msgspec.Struct, frozen=True):
    """When it is decided, in ms since the epoch, and a word that differs between connections."""

    now_ms: int
    salt: str


def admit(directory: Directory, kill_over: KillOver, proof: Proof, moment: Moment) -> Outcome:
    """Decide about one connection."""
    match proof:
        case KeyProof():
            return _by_key(directory, kill_over, proof.public_key, moment)
        case CertificateProof():
            return _by_certificate(directory, kill_over, proof, moment)
        case TokenProof():
            return _by_token(directory, proof, moment)


def entitlement_of(name: str, principal: Principal) -> Entitlement:
    """Return what may be done in a principal's name; it says nothing about who is not restricted.

    An agent always is: the role of its charter is not its own to choose.
    """
    if is_agent(principal):
        role = principal.charter_of(name)
        return Entitlement(roles=(role,), tools=principal.tools, models=principal.models)
    return _entitlement(principal.roles, principal.tenants, principal.tools, principal.models)


def _entitlement(
    roles: tuple[str, ...], tenants: tuple[str, ...], tools: tuple[str, ...], models: tuple[str, ...]
) -> Entitlement:
    if all(role in PROCESSES for role in roles) or not (tenants or tools or models):
        return Entitlement()
    return Entitlement(roles=roles, tenants=tenants, tools=tools, models=models)


def _by_key(directory: Directory, kill_over: KillOver, public_key: str, moment: Moment) -> Outcome:
    shown = f"nkey {public_key[:SHOWN_CHARS]}"
    owner = directory.of_key(public_key)
    if owner is None:
        return Rejected("nobody has this key", shown=shown)
    name, key = owner
    if is_retired(key, moment.now_ms):
        return Rejected("this key has been retired", name, directory.principals[name].environment, shown)
    return _known(name, directory.principals[name], kill_over, moment, public_key, key.revoked_ms)


def _by_certificate(
    directory: Directory, kill_over: KillOver, proof: CertificateProof, moment: Moment
) -> Outcome:
    claimed = directory.of_certificate(proof.principals, proof.names)
    if len(claimed) != 1:
        reason = "the certificate names several principals" if claimed else "nobody has this certificate"
        listed = ", ".join((*proof.principals, *proof.names))[:MOST_LISTED_CHARS]
        return Rejected(reason, shown=f"certificate of {listed or 'nobody'}")
    name = claimed.pop()
    return _known(name, directory.principals[name], kill_over, moment, CERTIFICATE, 0)


def _by_token(directory: Directory, proof: TokenProof, moment: Moment) -> Outcome:
    shown = f"token of {proof.name}"
    if proof.name in directory:
        # Who came with the token is not that principal, so the attempt is not put down to it.
        return Rejected(
            "the token gives a name that a principal of the directory has", "", proof.environment, shown
        )
    if not proof.roles or not all(role in PEOPLE for role in proof.roles):
        return Rejected("the token gives no role", proof.name, proof.environment, shown)
    expires_s = min(proof.expires_s, _later_s(moment))
    if expires_s * 1_000 < moment.now_ms + SHORTEST_S * 1_000:
        return Rejected("the token has expired", proof.name, proof.environment, shown)
    entitlement = _entitlement(proof.roles, proof.tenants, proof.tools, proof.models)
    return Admitted(proof.name, proof.roles, proof.environment, expires_s, entitlement, TOKEN)


def _known(
    name: str, principal: Principal, kill_over: KillOver, moment: Moment, proof: str, key_ends_ms: int
) -> Outcome:
    if is_revoked(principal, moment.now_ms):
        return Rejected("this principal has been revoked", name, principal.environment)
    kill = kill_over(principal.environment, name) if is_agent(principal) else ""
    if kill:
        return Rejected(kill, name, principal.environment)
    ends_ms = [end for end in (key_ends_ms, principal.revoked_ms) if end]
    # The server ends the connection at whole seconds: rounded up, for a key is good until it is retired.
    expires_s = min([_later_s(moment), *(-(-end // 1_000) for end in ends_ms)])
    return Admitted(
        name, principal.roles, principal.environment, expires_s, entitlement_of(name, principal), proof
    )


def _later_s(moment: Moment) -> int:
    return moment.now_ms // 1_000 + HOUR_S + crc32(moment.salt.encode()) % (2 * SPREAD_S + 1) - SPREAD_S
