"""Who is admitted: one decision from the directory, the switches and what a connection has proven. Pure.

A machine is admitted for about an hour and asks again, so that whoever missed a revocation is refused then;
the hours of many are spread, so that they do not ask all at once. It must not know how anything is proven.
"""

from collections.abc import Callable
from zlib import crc32

import msgspec
from msgspec.structs import replace

from interlock.bus.permissions import PEOPLE, PROCESSES, ROLES
from interlock.bus.principals import Principal
from interlock.contracts.observed import Entitlement
from interlock.supervisor.access.directory import Directory, is_agent, is_retired, is_revoked

HOUR_S = 3_600
SPREAD_S = 360
# A token that ends at once would let its owner knock all the time.
SHORTEST_S = 1
SHOWN_CHARS = 12
MOST_LISTED_CHARS = 200
# What a record can hold: there are tokens without a sensible end.
LATEST_MS = 2**53
CERTIFICATE, TOKEN = "certificate", "token"


class KeyProof(msgspec.Struct, frozen=True, tag=True):
    """Somebody has signed the server's nonce with this nkey."""

    public_key: str


class CertificateProof(msgspec.Struct, frozen=True, tag=True):
    """The server has verified a certificate: `principals` it names outright, and its other `names`."""

    principals: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


class TokenProof(msgspec.Struct, frozen=True, tag=True):
    """An issuer that is trusted says who this person is, until `expires_s` (since the epoch).

    `public_key` is a key with which the person has signed the server's nonce: the token names none.
    """

    name: str
    roles: tuple[str, ...]
    environment: str
    expires_s: int
    tenants: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    public_key: str = ""


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
    """Why not; the principal and environment as far as somebody knows them, `shown` of the credentials.

    `blameless` is whether the reason is none of theirs: nobody is told that they tried something.
    """

    reason: str
    principal: str = ""
    environment: str = ""
    shown: str = ""
    blameless: bool = False


UNKNOWN = "what is killed cannot be read from the log yet: try again"

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


def entitlement_of(name: str, principal: Principal, now_ms: int) -> Entitlement:
    """Return what may be done in a principal's name; of a process that is no agent it says nothing.

    The role of an agent's charter is not its own to choose. A person approves by the keys that are good now;
    who is revoked by none, and for nobody.
    """
    allowed = Entitlement(tenants=principal.tenants, tools=principal.tools, models=principal.models)
    if is_agent(principal):
        return replace(allowed, roles=(principal.charter_of(name),), tenants=())
    if all(role in PROCESSES for role in principal.roles):
        return Entitlement()
    if is_revoked(principal, now_ms):
        return allowed
    keys = tuple(key.public_key for key in principal.keys if not is_retired(key, now_ms))
    return replace(allowed, roles=principal.roles, groups=principal.groups, keys=keys)


def has_more(known: Entitlement, admitted: Admitted) -> bool:
    """Tell whether somebody might do more by what is known so far than by what it is admitted to.

    A key that is known and not good any more opens nothing: nobody is kept waiting for that.
    """
    now = admitted.entitlement
    if now.tenants or now.tools or now.models or "agent" in admitted.roles:
        return now != known
    return bool(set(known.roles) - set(now.roles) or set(known.groups) - set(now.groups))


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
    taken = _taken(directory, proof)
    if taken:
        # Who came with the token is not that principal, so the attempt is not put down to it.
        return Rejected(taken, "", proof.environment, shown)
    if not proof.roles or not all(role in PEOPLE for role in proof.roles):
        return Rejected("the token gives no role", proof.name, proof.environment, shown)
    expires_s = min(proof.expires_s, _later_s(moment))
    if expires_s * 1_000 < moment.now_ms + SHORTEST_S * 1_000:
        return Rejected("the token has expired", proof.name, proof.environment, shown)
    return Admitted(proof.name, proof.roles, proof.environment, expires_s, _entitlement(proof), TOKEN)


def _taken(directory: Directory, proof: TokenProof) -> str:
    """Return why a token's name, groups or key are not its person's to have; empty: they are."""
    if proof.name in directory:
        return "the token gives a name that a principal of the directory has"
    if proof.name in ROLES or directory.has_group(proof.name):
        return "the token gives a name that a role or a group has, for which it would answer"
    if any(group in directory for group in proof.groups):
        return "the token gives a group that is a principal's name, for whom it would answer"
    if directory.has_key(proof.public_key):
        return "the key that came with the token is a principal's of the directory"
    return ""


def _entitlement(proof: TokenProof) -> Entitlement:
    """Return what may be done in a person's name; it approves until the token ends."""
    keys = (proof.public_key,) if proof.public_key else ()
    return Entitlement(
        roles=proof.roles,
        tenants=proof.tenants,
        tools=proof.tools,
        models=proof.models,
        groups=proof.groups,
        keys=keys,
        until_ms=min(proof.expires_s * 1_000, LATEST_MS) if keys or proof.groups else 0,
    )


def _known(
    name: str, principal: Principal, kill_over: KillOver, moment: Moment, proof: str, key_ends_ms: int
) -> Outcome:
    if is_revoked(principal, moment.now_ms):
        return Rejected("this principal has been revoked", name, principal.environment)
    kill = kill_over(principal.environment, name) if is_agent(principal) else ""
    if kill:
        return Rejected(kill, name, principal.environment, blameless=kill == UNKNOWN)
    ends_ms = [end for end in (key_ends_ms, principal.revoked_ms) if end]
    # The server ends the connection at whole seconds: rounded up, for a key is good until it is retired.
    expires_s = min([_later_s(moment), *(-(-end // 1_000) for end in ends_ms)])
    entitlement = entitlement_of(name, principal, moment.now_ms)
    return Admitted(name, principal.roles, principal.environment, expires_s, entitlement, proof)


def _later_s(moment: Moment) -> int:
    return moment.now_ms // 1_000 + HOUR_S + crc32(moment.salt.encode()) % (2 * SPREAD_S + 1) - SPREAD_S
