"""An issuer of tokens, and an authority of certificates: what an organisation has beside Interlock."""

import asyncio
import base64
import datetime as dt
import hmac
import json
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from joserfc import jwt
from joserfc.jwk import ECKey, JWKRegistry, Key
from joserfc.jws import JWSRegistry

from interlock.bus.clock import now_ms

ISSUER = "https://login.example.org/"
AUDIENCE = "interlock"


class Issuer:
    """Issues tokens with keys that stand in its JWKS."""

    def __init__(self, kind: str = "EC", size: str | int = "P-256", algorithm: str = "ES256") -> None:
        self.algorithm = algorithm
        self._kind, self._size = kind, size
        self.keys: list[Key] = []
        self.add_key()

    def add_key(self) -> Key:
        parameters: Any = {"kid": f"key-{len(self.keys)}", "use": "sig"}
        self.keys.append(JWKRegistry.generate_key(self._kind, self._size, parameters))
        return self.keys[-1]

    @property
    def jwks(self) -> bytes:
        return json.dumps({"keys": [key.as_dict(private=False) for key in self.keys]}).encode()

    def claims(self, **changed: Any) -> dict[str, Any]:
        now_s = now_ms() // 1_000
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "exp": now_s + 600,
            "iat": now_s,
            "preferred_username": "carol",
            "groups": ["staff", "interlock-operators"],
        }
        return {name: value for name, value in (claims | changed).items() if value is not None}

    def token(self, *, key: Key | None = None, header: dict[str, Any] | None = None, **changed: Any) -> str:
        signing = key or self.keys[-1]
        said = {"alg": self.algorithm, "kid": signing.kid} | (header or {})
        return jwt.encode(said, self.claims(**changed), signing, algorithms=[str(said["alg"])])

    def unnamed(self) -> str:
        """Return a token that does not say with which key it is signed."""
        return jwt.encode({"alg": self.algorithm}, self.claims(), self.keys[0], algorithms=[self.algorithm])

    def unchecked(self, header: dict[str, Any]) -> str:
        """Return a token with a header that no library would write."""
        key: Any = self.keys[0]
        parts = [{"alg": self.algorithm, "kid": key.kid} | header, self.claims()]
        said = ".".join(urlsafe_b64encode(json.dumps(part).encode()) for part in parts)
        model = JWSRegistry.algorithms[self.algorithm]
        return f"{said}.{urlsafe_b64encode(model.sign(said.encode(), key))}"


def urlsafe_b64encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def write_settings(folder: Path, jwks: str, more: str = "", **changed: str) -> Path:
    """Write an OIDC file; `changed` are lines of its first part."""
    lines = {
        "issuer": json.dumps(ISSUER),
        "audience": json.dumps(AUDIENCE),
        "jwks": json.dumps(jwks),
    } | changed
    path = folder / "oidc.toml"
    path.write_text(
        "".join(f"{name} = {value}\n" for name, value in lines.items())
        + '[principal]\nclaim = "preferred_username"\n'
        + '[roles]\nclaim = "groups"\n'
        'map = { interlock-operators = "operator", interlock-readers = "viewer",'
        ' interlock-approvers = "approver" }\n' + more
    )
    return path


def forged(issuer: Issuer, algorithm: str) -> str:
    """Return a token that is not signed, or by HMAC with what is public of the issuer's key."""
    header = {"alg": algorithm, "kid": issuer.keys[0].kid}
    said = ".".join(urlsafe_b64encode(json.dumps(part).encode()) for part in (header, issuer.claims()))
    key: Any = issuer.keys[0]
    digest = {"HS256": "sha256", "HS512": "sha512"}.get(algorithm)
    signature = hmac.digest(key.as_pem(private=False), said.encode(), digest) if digest else b""
    return f"{said}.{urlsafe_b64encode(signature)}"


class Authority:
    """Issues certificates, written as files."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("an authority")
        self._serial = 1
        self.file = folder / "ca.pem"
        self.file.write_bytes(_pem(self._sign(self._name, self._key, x509.BasicConstraints(True, None))))

    def issue(self, stem: str, common: str = "", *names: x509.GeneralName) -> tuple[Path, Path]:
        """Write a certificate and its key below a stem; return both files."""
        key = ec.generate_private_key(ec.SECP256R1())
        alternatives = x509.SubjectAlternativeName(names) if names else None
        certificate, private = self._folder / f"{stem}.pem", self._folder / f"{stem}-key.pem"
        certificate.write_bytes(_pem(self._sign(_name(common or stem), key, alternatives)))
        private.touch(mode=0o600)
        private.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return certificate, private

    def issue_server(self, stem: str = "server") -> tuple[Path, Path]:
        return self.issue(stem, stem, x509.IPAddress(ip_address("127.0.0.1")), x509.DNSName("localhost"))

    def _sign(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, extension: x509.ExtensionType | None
    ) -> x509.Certificate:
        self._serial += 1
        day = dt.timedelta(days=1)
        now = dt.datetime.fromtimestamp(now_ms() / 1_000, dt.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(self._serial)
            .not_valid_before(now - day)
            .not_valid_after(now + day)
        )
        if extension is not None:
            critical = isinstance(extension, x509.BasicConstraints)
            builder = builder.add_extension(extension, critical=critical)
        return builder.sign(self._key, hashes.SHA256())


@asynccontextmanager
async def serving(authority: Authority, answers: list[bytes], asked: list[str]) -> AsyncGenerator[str]:
    """Serve over https what stands in `answers` (the first, until there is only one); yield the address."""
    certificate, key = authority.issue_server("https")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        asked.append(request.split(b"\r\n", 1)[0].decode())
        body = answers.pop(0) if len(answers) > 1 else answers[0]
        head = f"HTTP/1.1 200 OK\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    async with server:
        yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/jwks"


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def strange_key() -> ECKey:
    """Return a key of nobody, by the name of the issuer's first one."""
    return ECKey.generate_key("P-256", {"kid": "key-0"})


GROUPS = """[groups]
claim = "groups"
map = { treasury = "finance", lawyers = "law" }
"""


def of_finance(issuer: Issuer, **changed: Any) -> str:
    """Return the token of an approver of finance, carol unless another is named."""
    claims: dict[str, Any] = {"groups": ["interlock-approvers", "treasury"]}
    return issuer.token(**(claims | changed))
