"""Machines that come with certificates: what they name, and a server that asks for them (mutual TLS)."""

import shutil
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography.x509 import DNSName, UniformResourceIdentifier
from msgspec.structs import replace
from tests.supervisor.access.issuer import Authority
from tests.supervisor.access.site import Ear, Site, raw

from interlock.bus.errors import BusError, NotPermitted
from interlock.bus.identity import Identity
from interlock.bus.tls import ServerTls, client_context
from interlock.contracts.observed import Violation
from interlock.supervisor.access.admission import CertificateProof
from interlock.supervisor.access.certificates import read_certificate
from interlock.supervisor.access.errors import Unproven

# nats-py leaves the socket of a connection that was refused to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")

SPIFFE = "spiffe://example.org/interlock/effects"


def uri(value: str) -> UniformResourceIdentifier:
    return UniformResourceIdentifier(value)


@pytest.mark.parametrize(
    ("common", "names", "proof"),
    [
        ("effects", [], CertificateProof((), ("effects",))),
        (
            "effects",
            [uri("interlock:effects-1")],
            CertificateProof(("effects-1",), ("interlock:effects-1", "effects")),
        ),
        ("e", [DNSName("a.example.org"), uri(SPIFFE)], CertificateProof((), (SPIFFE, "a.example.org", "e"))),
        (
            "interlock:alice",
            [DNSName("interlock.example.org")],
            CertificateProof((), ("interlock.example.org", "interlock:alice")),
        ),
    ],
)
def test_a_certificate_names_somebody(
    tmp_path: Path, common: str, names: list[DNSName | UniformResourceIdentifier], proof: CertificateProof
) -> None:
    certificate, _ = Authority(tmp_path).issue("client", common, *names)
    assert read_certificate(certificate.read_text()) == proof


@pytest.mark.parametrize(
    "pem", ["", "x", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "x" * 70_000]
)
def test_what_is_no_certificate_names_nobody(pem: str) -> None:
    with pytest.raises(Unproven):
        read_certificate(pem)


@pytest.fixture
async def guarded(tmp_path: Path) -> AsyncIterator[tuple[Site, Authority]]:
    """A site whose server wants certificates, and the authority that it trusts."""
    authority = Authority(tmp_path / "tls")
    server, key = authority.issue_server()
    assert (server.name, key.name) == ("server.pem", "server-key.pem")
    own, own_key = authority.issue("own", "the access service's host")
    shutil.copy(own, tmp_path / "tls" / "certificate.pem")
    shutil.move(own_key, tmp_path / "tls" / "key.pem")
    made = Site(tmp_path / "state", ServerTls(tmp_path / "tls", verify=True))
    await made.begin()
    yield made, authority
    await made.end()


def shown(authority: Authority, stem: str, *names: DNSName | UniformResourceIdentifier) -> ssl.SSLContext:
    """Return what a client shows that has such a certificate."""
    certificate, key = authority.issue(stem, stem, *names)
    context = ssl.create_default_context(cafile=str(certificate.parent / "ca.pem"))
    context.load_cert_chain(certificate, key)
    return context


async def test_a_certificate_that_names_a_principal_lets_it_in(guarded: tuple[Site, Authority]) -> None:
    site, authority = guarded
    # Given a machine whose certificate names it by our own kind of name
    bus = await site.connect("effects-1", tls=shown(authority, "a", uri("interlock:effects-1")))
    await bus.listen("interlock.do.effects-1", lambda _: None)
    # And one whose certificate the directory knows by another name
    found = site.principals.read()["guard-1"]
    site.principals.enrol("guard-1", replace(found, certificate=SPIFFE))
    await site.admitted("guard-1", tls=shown(authority, "b", uri(SPIFFE)))


async def test_a_certificate_of_nobody_opens_nothing(guarded: tuple[Site, Authority]) -> None:
    site, authority = guarded
    with pytest.raises(NotPermitted):
        await site.connect("effects-1", tls=shown(authority, "effects-1"))
    with pytest.raises(NotPermitted):
        await site.connect("effects-1", tls=shown(authority, "c", uri("interlock:nobody")))
    (violation, *_) = await site.said(Violation)
    assert (violation.principal, violation.target) == ("", "certificate of effects-1")


async def test_a_certificate_of_another_authority_opens_nothing(
    guarded: tuple[Site, Authority], tmp_path: Path
) -> None:
    # Given a certificate that names a principal, by an authority that the server does not trust
    site, authority = guarded
    certificate, key = Authority(tmp_path / "other").issue("x", "x", uri("interlock:effects-1"))
    context = ssl.create_default_context(cafile=str(authority.file))
    context.load_cert_chain(certificate, key)
    # Then the connection is not even made
    with pytest.raises(BusError):
        await site.connect("effects-1", tls=context)
    await site.quiet()
    assert site.so_far(Violation) == []


async def test_a_key_counts_more_than_a_certificate(guarded: tuple[Site, Authority]) -> None:
    # Given a certificate of one principal, and the key of another
    site, authority = guarded
    context = shown(authority, "d", uri("interlock:effects-1"))
    agent = await site.connect("researcher-1", key=site.key("researcher-1"), tls=context)
    # Then who has the key has come
    await agent.listen("interlock.do.researcher-1", lambda _: None)
    with pytest.raises(NotPermitted):
        await agent.listen("interlock.do.effects-1", lambda _: None)


async def test_a_certificate_does_not_help_who_names_a_key_without_having_it(
    guarded: tuple[Site, Authority],
) -> None:
    # Given a good certificate of one principal, and the public key of another
    site, authority = guarded
    context = shown(authority, "f", uri("interlock:effects-1"))
    async with raw(site.url, context) as client:
        said = await client.present(nkey=Identity(site.key("alice")).public_key)
    assert said == "-ERR 'Authorization Violation'"


async def test_a_revoked_principal_does_not_come_back_by_its_certificate(
    guarded: tuple[Site, Authority],
) -> None:
    site, authority = guarded
    context = shown(authority, "e", uri("interlock:effects-1"))
    ear = Ear(await site.connect("effects-1", tls=context))
    site.principals.revoke("effects-1")
    await ear.broken.wait()
    with pytest.raises(NotPermitted):
        await site.connect("effects-1", tls=context)


def test_a_client_context_is_what_the_bus_makes_of_a_folder(tmp_path: Path) -> None:
    Authority(tmp_path)
    assert isinstance(client_context(tmp_path), ssl.SSLContext)
