"""What the server asks and what is answered, without a server; tests/bus/test_guarded.py has one."""

import base64
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.bus import identity, tickets
from interlock.bus.errors import MalformedTicket
from interlock.bus.identity import nkeys
from interlock.bus.permissions import permissions_of
from interlock.contracts.signatures import has_signed

NOW_S = 1_800_000_000
NONCE = "bct7T6_2IuwYea0"


class Server:
    """Signs as a nats-server does."""

    def __init__(self) -> None:
        self._pair = nkeys.from_seed(bytearray(nkeys.encode_seed(bytes(range(32)), nkeys.PREFIX_BYTE_SERVER)))
        self.id: str = self._pair.public_key.decode()

    def ask(self, nats: dict[str, Any] | None = None, **claims: Any) -> bytes:
        asked = {
            "server_id": {"id": self.id, "name": "x", "host": "127.0.0.1", "version": "2.15.1"},
            "user_nkey": "UA24",
            "client_info": {"host": "10.0.0.7", "id": 11, "kind": "Client"},
            "connect_opts": {"name": "a program", "protocol": 1},
            "type": "authorization_request",
            "version": 2,
        } | (nats or {})
        said = {"iss": self.id, "aud": tickets.AUDIENCE, "exp": NOW_S + 2, "nats": asked} | claims
        return self.sign(said)

    def sign(self, claims: dict[str, Any], algorithm: str = "ed25519-nkey") -> bytes:
        words = f"{packed({'typ': 'JWT', 'alg': algorithm})}.{packed(claims)}"
        signature = base64.urlsafe_b64encode(self._pair.sign(words.encode())).rstrip(b"=").decode()
        return f"{words}.{signature}".encode()


def packed(value: Any) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(value)).decode().rstrip("=")


def claims_of(ticket: str, issuer: identity.Identity) -> Any:
    """Return what a token says, if the issuer has signed it."""
    header, body, signature = ticket.split(".")
    assert msgspec.json.decode(unpacked(header)) == {"typ": "JWT", "alg": "ed25519-nkey"}
    assert has_signed(issuer.public_key, f"{header}.{body}".encode(), unpacked(signature))
    return msgspec.json.decode(unpacked(body))


def unpacked(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@pytest.fixture
def server() -> Server:
    return Server()


def options_of(user: identity.Identity, nonce: str = NONCE) -> dict[str, Any]:
    """Return what a client with a key sends, and what the server adds."""
    signature = base64.b64encode(user.sign(nonce.encode())).decode()
    return {
        "client_info": {"host": "10.0.0.7", "id": 11, "nonce": NONCE},
        "connect_opts": {"nkey": user.public_key, "sig": signature, "name": "a program"},
    }


def test_a_question_says_who_is_at_the_door(server: Server) -> None:
    user = identity.create()
    question = tickets.read_question(server.ask(options_of(user)))
    assert question == tickets.Question(
        server=server.id,
        user="UA24",
        host="10.0.0.7",
        client=11,
        connection="a program",
        public_key=user.public_key,
        named_key=user.public_key,
        expires_s=NOW_S + 2,
    )


def test_a_token_and_a_verified_certificate_are_passed_on(server: Server) -> None:
    question = tickets.read_question(
        server.ask(
            {"connect_opts": {"auth_token": "ey…"}, "client_tls": {"verified_chains": [["leaf", "root"]]}}
        )
    )
    assert (question.token, question.certificate, question.public_key) == ("ey…", "leaf", "")


def test_a_certificate_that_the_server_has_not_verified_is_none(server: Server) -> None:
    assert tickets.read_question(server.ask({"client_tls": {"certs": ["leaf"]}})).certificate == ""
    assert tickets.read_question(server.ask({"client_tls": {"verified_chains": [[]]}})).certificate == ""


def test_a_key_is_named_only_when_its_possession_is_proven(server: Server) -> None:
    user, thief = identity.create(), identity.create()
    stolen = options_of(thief)
    stolen["connect_opts"]["nkey"] = user.public_key
    replayed = options_of(user, "an older nonce")
    unsigned = options_of(user)
    unsigned["connect_opts"]["sig"] = ""
    garbled = options_of(user)
    garbled["connect_opts"]["sig"] = "§"
    without_nonce = options_of(user)
    without_nonce["client_info"].pop("nonce")
    for attempt in (stolen, replayed, unsigned, garbled, without_nonce):
        assert tickets.read_question(server.ask(attempt)).public_key == ""


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"aud": "somebody else"}, "not for who admits"),
        ({"nats": {"server_id": {"id": "x"}, "user_nkey": "U", "type": "user"}}, "not signed by the server"),
        ({"iss": identity.create().public_key}, "not signed by the server"),
        ({"iss": "nobody"}, "not signed by the server"),
        ({"nats": {"type": 7}}, "no question of a server"),
    ],
)
def test_a_question_of_anybody_else_is_refused(server: Server, changed: dict[str, Any], says: str) -> None:
    with pytest.raises(MalformedTicket, match=says):
        tickets.read_question(server.ask(**changed))


def test_a_question_that_names_another_server_is_refused(server: Server) -> None:
    with pytest.raises(MalformedTicket, match="not signed by the server that it names"):
        tickets.read_question(server.ask({"server_id": {"id": "N" + server.id[1:][::-1]}}))


def test_a_changed_question_is_refused(server: Server) -> None:
    header, body, signature = server.ask().decode().split(".")
    claims = msgspec.json.decode(unpacked(body))
    claims["nats"]["connect_opts"]["auth_token"] = "stolen"
    with pytest.raises(MalformedTicket, match="not signed"):
        tickets.read_question(f"{header}.{packed(claims)}.{signature}".encode())


def test_another_algorithm_is_refused(server: Server) -> None:
    claims = msgspec.json.decode(unpacked(server.ask().decode().split(".")[1]))
    with pytest.raises(MalformedTicket, match="not signed"):
        tickets.read_question(server.sign(claims, "none"))


def test_too_much_is_not_read() -> None:
    with pytest.raises(MalformedTicket, match="at most"):
        tickets.read_question(b"x" * (tickets.MOST_BYTES + 1))


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: f"{text}.{text}.{text}".encode()))
def test_whatever_is_no_question_is_malformed(data: bytes) -> None:
    with pytest.raises(MalformedTicket):
        tickets.read_question(data)


def test_a_ticket_says_who_where_what_and_until_when(server: Server) -> None:
    issuer, question = identity.create("account"), tickets.read_question(server.ask())
    permissions = permissions_of("researcher-1", ["agent"])
    answer = tickets.admit(
        question,
        issuer,
        principal="researcher-1",
        account="STAGING",
        permissions=permissions,
        now_s=NOW_S,
        expires_s=NOW_S + 900,
    )
    said = claims_of(answer.decode(), issuer)
    assert (said["sub"], said["aud"], said["iat"]) == ("UA24", server.id, NOW_S)
    assert "error" not in said["nats"]
    ticket = claims_of(said["nats"]["jwt"], issuer)
    assert (ticket["sub"], ticket["name"], ticket["aud"]) == ("UA24", "researcher-1", "STAGING")
    assert ticket["exp"] == NOW_S + 900
    assert ticket["nats"]["pub"]["allow"] == list(permissions.publish)
    assert ticket["nats"]["sub"]["allow"] == list(permissions.subscribe)


def test_a_refusal_has_a_reason_and_no_ticket(server: Server) -> None:
    issuer, question = identity.create("account"), tickets.read_question(server.ask())
    said = claims_of(tickets.refuse(question, issuer, "revoked", now_s=NOW_S).decode(), issuer)
    assert said["nats"] == {"type": "authorization_response", "version": 2, "error": "revoked"}
