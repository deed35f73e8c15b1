"""An authority that certifies servers and clients for a test, in folders that `interlock.bus.tls` reads."""

import datetime as dt
import ipaddress
import tempfile
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

# Certificates are for a fixed day of a fixed length, far from both ends of a test.
BEGIN = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
END = dt.datetime(2120, 1, 1, tzinfo=dt.UTC)
NOBODY_ELSE = 0o600


class Authority:
    """Makes folders with what a server and a client need."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = named("an authority for tests")
        self._certificate = (
            self._begin(self._name, self._key)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(self._key, hashes.SHA256())
        )

    def folder(self, client: str = "") -> Path:
        """Return a folder for a server on this machine, with a client's certificate for that URI if named."""
        folder = Path(tempfile.mkdtemp(dir=self._root))
        (folder / "ca.pem").write_bytes(pem(self._certificate))
        address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
        self._certify(folder / "server.pem", folder / "server-key.pem", address)
        if client:
            uri = x509.UniformResourceIdentifier(client)
            self._certify(folder / "certificate.pem", folder / "key.pem", uri)
        return folder

    def _certify(self, certificate_file: Path, key_file: Path, name: x509.GeneralName) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = (
            self._begin(named("somebody"), key)
            .add_extension(x509.SubjectAlternativeName([name]), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        certificate_file.write_bytes(pem(certificate))
        key_file.touch(mode=NOBODY_ELSE)
        key_file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )

    def _begin(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(BEGIN)
            .not_valid_after(END)
        )


def named(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
