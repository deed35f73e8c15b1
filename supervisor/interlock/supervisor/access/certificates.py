"""Reads whom a client's certificate names. The server has verified it; only its verified chains come here.

A certificate names a principal outright by the URI `interlock:<principal>`; by another URI, a DNS name or its
common name it is whose the directory says. Loaded only when somebody comes with one. Source: RFC 5280.
"""

from cryptography import x509
from cryptography.x509.oid import NameOID

from interlock.supervisor.access.admission import CertificateProof
from interlock.supervisor.access.errors import Unproven

SCHEME = "interlock:"
MOST_CHARS = 65_536
MOST_NAMES = 64


def read_certificate(pem: str) -> CertificateProof:
    """Return whom the first certificate in this PEM text names; raise Unproven for none."""
    if len(pem) > MOST_CHARS:
        raise Unproven(f"the certificate has more than {MOST_CHARS} characters")
    try:
        found = x509.load_pem_x509_certificate(pem.encode())
        common = [str(part.value) for part in found.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
        uris, names = _alternatives(found)
    except ValueError as failure:
        raise Unproven("the certificate cannot be read") from failure
    principals = [uri.removeprefix(SCHEME) for uri in uris if uri.startswith(SCHEME)]
    return CertificateProof(tuple(principals[:MOST_NAMES]), tuple([*uris, *names, *common][:MOST_NAMES]))


def _alternatives(certificate: x509.Certificate) -> tuple[list[str], list[str]]:
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return [], []
    uris = extension.value.get_values_for_type(x509.UniformResourceIdentifier)
    return uris, extension.value.get_values_for_type(x509.DNSName)
