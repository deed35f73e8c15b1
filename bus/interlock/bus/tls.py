"""TLS of the bus, for all processes in one place: a folder of PEM files, by their names.

    ca.pem                            whom to trust; a client always has it
    certificate.pem, key.pem          a client's own, where it proves itself by it (mutual TLS)
    server.pem, server-key.pem        the server's own

It must not know who connects, nor whom a certificate names.
"""

import json
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from interlock.bus.errors import MalformedKey

VARIABLE = "INTERLOCK_TLS"
VERIFY = "INTERLOCK_TLS_VERIFY"
_OTHERS = 0o077


class ServerTls(NamedTuple):
    """The server's side: its folder, and whether clients have to show a certificate of their own."""

    folder: Path
    verify: bool = False

    def block(self) -> str:
        """Return this part of the server's configuration; raise MalformedKey for an unusable file."""
        certificate, key = _file(self.folder / "server.pem"), _private(self.folder / "server-key.pem")
        lines = [f"cert_file: {json.dumps(str(certificate))}", f"key_file: {json.dumps(str(key))}"]
        if self.verify:
            lines += [f"ca_file: {json.dumps(str(_file(self.folder / 'ca.pem')))}", "verify: true"]
        return "tls {\n" + "".join(f"  {line}\n" for line in lines) + "}\n"


def folder_of(environment: Mapping[str, str]) -> Path | None:
    """Return the folder that the environment names, absolute; None: no TLS."""
    named = environment.get(VARIABLE, "")
    return Path(named).absolute() if named else None


def server_of(environment: Mapping[str, str]) -> ServerTls | None:
    """Return the server's side as the environment says it; INTERLOCK_TLS_VERIFY=1: clients show theirs."""
    folder = folder_of(environment)
    return ServerTls(folder, environment.get(VERIFY) == "1") if folder else None


def client_context(folder: Path) -> ssl.SSLContext:
    """Return what a client trusts and shows; raise MalformedKey for a file that cannot be used."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    try:
        context = ssl.create_default_context(cafile=str(_file(folder / "ca.pem")))
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if certificate.exists() or key.exists():
            context.load_cert_chain(_file(certificate), _private(key))
    except ssl.SSLError as failure:
        raise MalformedKey(f"the TLS files in {folder} cannot be used: {failure}") from failure
    return context


def _file(path: Path) -> Path:
    try:
        path.open("rb").close()
    except OSError as failure:
        raise MalformedKey(f"the TLS file {path} cannot be read: {failure.strerror}") from failure
    return path


def _private(path: Path) -> Path:
    if _file(path).stat().st_mode & _OTHERS:
        raise MalformedKey(f"others may read the key file {path}; run: chmod 600 {path}")
    return path
