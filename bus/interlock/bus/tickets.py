"""Tickets: what the server asks about who connects (auth callout), and the signed answer that lets them in.

Pure: keys, bytes and times come in, bytes go out. Who is who, and whether they are welcome, others decide.

A ticket names the principal, its account, what it may publish and hear, and until when. Limits would stand in
it too, but the server does not apply those of a ticket (tried with 2.15): they are the account's, `accounts`.

Source: https://docs.nats.io/running-a-nats-service/configuration/securing_nats/auth_callout,
https://github.com/nats-io/jwt (v2).
"""

import base64
import binascii
import hashlib
from typing import Any

import msgspec

from interlock.bus.errors import MalformedTicket
from interlock.bus.identity import Identity
from interlock.bus.permissions import Permissions
from interlock.contracts.signatures import has_signed

AUDIENCE = "nats-authorization-request"
_ALGORITHM = "ed25519-nkey"
_HEADER = {"typ": "JWT", "alg": _ALGORITHM}
MOST_BYTES = 256 * 1024
"""Of a question; the longest part is a chain of certificates."""


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """Who is at the door, as the server knows it; whatever is empty was not shown.

    `public_key` is one whose possession is proven, `named_key` one that was named, proven or not. `token` is
    what was sent, checked by nobody yet. `certificate` is the client's (PEM), which the server has traced to
    an authority it trusts.
    """

    server: str
    user: str
    host: str = ""
    client: int = 0
    connection: str = ""
    public_key: str = ""
    named_key: str = ""
    token: str = ""
    certificate: str = ""
    expires_s: int = 0


class _Server(msgspec.Struct, frozen=True):
    id: str


class _Client(msgspec.Struct, frozen=True):
    host: str = ""
    id: int = 0
    nonce: str = ""


class _Options(msgspec.Struct, frozen=True):
    nkey: str = ""
    sig: str = ""
    auth_token: str = ""
    name: str = ""


class _Tls(msgspec.Struct, frozen=True):
    verified_chains: list[list[str]] | None = None


class _Asked(msgspec.Struct, frozen=True):
    server_id: _Server
    user_nkey: str
    type: str
    client_info: _Client = _Client()
    connect_opts: _Options = _Options()
    client_tls: _Tls = _Tls()


class _Claims(msgspec.Struct, frozen=True):
    iss: str
    aud: str
    nats: _Asked
    exp: int = 0


class _Header(msgspec.Struct, frozen=True):
    alg: str


def read_question(data: bytes) -> Question:
    """Read what the server asks, signed by the server itself; raise MalformedTicket for anything else.

    Whoever listens where the server asks has to hear only the server there; then its own key vouches for it.
    """
    if len(data) > MOST_BYTES:
        raise MalformedTicket(f"a question of {len(data)} bytes; at most {MOST_BYTES} are read")
    try:
        header, claims, signature = data.decode("ascii").split(".")
        algorithm = msgspec.json.decode(_unpacked(header), type=_Header).alg
        said = msgspec.json.decode(_unpacked(claims), type=_Claims)
        signed = has_signed(said.iss, f"{header}.{claims}".encode(), _unpacked(signature))
    except (ValueError, msgspec.MsgspecError, binascii.Error) as failure:
        raise MalformedTicket(f"this is no question of a server: {failure}") from failure
    asked = said.nats
    if algorithm != _ALGORITHM or not signed or said.iss != asked.server_id.id:
        raise MalformedTicket("this question is not signed by the server that it names")
    if said.aud != AUDIENCE or asked.type != "authorization_request":
        raise MalformedTicket(f"this question is for {said.aud!r}, not for who admits")
    return Question(
        server=asked.server_id.id,
        user=asked.user_nkey,
        host=asked.client_info.host,
        client=asked.client_info.id,
        connection=asked.connect_opts.name,
        public_key=_proven_key(asked),
        named_key=asked.connect_opts.nkey,
        token=asked.connect_opts.auth_token,
        certificate=_verified_certificate(asked.client_tls),
        expires_s=said.exp,
    )


def admit(
    question: Question,
    issuer: Identity,
    *,
    principal: str,
    account: str,
    permissions: Permissions,
    now_s: int,
    expires_s: int,
) -> bytes:
    """Return the answer that lets somebody in, under this name, until `expires_s` (Unix time)."""
    ticket = _signed(
        issuer,
        now_s,
        sub=question.user,
        aud=account,
        name=principal,
        exp=expires_s,
        nats={
            "type": "user",
            "version": 2,
            "pub": {"allow": permissions.publish},
            "sub": {"allow": permissions.subscribe},
            "subs": -1,
            "data": -1,
            "payload": -1,
        },
    )
    return _answer(question, issuer, now_s, jwt=ticket)


def refuse(question: Question, issuer: Identity, reason: str, *, now_s: int) -> bytes:
    """Return the answer that keeps somebody out; only the server's log hears the reason."""
    return _answer(question, issuer, now_s, error=reason)


def _proven_key(asked: _Asked) -> str:
    """Return the public key, if the nonce that the server gave this connection is signed with it."""
    options, nonce = asked.connect_opts, asked.client_info.nonce
    if not options.nkey or not options.sig or not nonce:
        return ""
    try:
        signature = _unpacked(options.sig.replace("+", "-").replace("/", "_").rstrip("="))
    except (ValueError, binascii.Error):
        return ""
    return options.nkey if has_signed(options.nkey, nonce.encode(), signature) else ""


def _verified_certificate(tls: _Tls) -> str:
    chains = tls.verified_chains or []
    return chains[0][0] if chains and chains[0] else ""


def _answer(question: Question, issuer: Identity, now_s: int, **said: str) -> bytes:
    body = {"type": "authorization_response", "version": 2} | said
    return _signed(issuer, now_s, sub=question.user, aud=question.server, nats=body).encode()


def _signed(issuer: Identity, now_s: int, **claims: Any) -> str:
    issued = claims | {"iss": issuer.public_key, "iat": now_s}
    digest = hashlib.sha256(msgspec.json.encode(issued)).digest()
    body = msgspec.json.encode(issued | {"jti": base64.b32encode(digest).decode().rstrip("=")})
    said = f"{_packed(msgspec.json.encode(_HEADER))}.{_packed(body)}"
    return f"{said}.{_packed(issuer.sign(said.encode()))}"


def _packed(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _unpacked(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
