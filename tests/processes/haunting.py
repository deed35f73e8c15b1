"""Comes back to a server with an agent's credential, as often as it is turned away; knows bytes alone."""

import base64
import json
import os
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

from interlock.bus.identity import load

ADMITTED, CUT, REFUSED = "admitted", "cut", "refused"
AGAIN_S = 0.05


def haunt(tell: Callable[[str], None]) -> NoReturn:
    """Connect as the environment says, stay as long as the server lets it, and come again; tell of each."""
    while True:
        with _reach() as server:
            if b"PONG" in _present(server):
                tell(ADMITTED)
                _stay(server)
                tell(CUT)
            else:
                tell(REFUSED)
        time.sleep(AGAIN_S)


def _reach() -> socket.socket:
    address = urlsplit(os.environ["INTERLOCK_URL"])
    return socket.create_connection((address.hostname, address.port))


def _stay(server: socket.socket) -> None:
    with suppress(ConnectionError):
        while b"-ERR" not in (said := server.recv(4096)) and said:
            server.sendall(b"PONG\r\n")


def _present(server: socket.socket) -> bytes:
    """Show the credential, and return the answer to a ping; empty when the server broke it off."""
    with suppress(ConnectionError):
        greeting = _line(server)
        return _answer(server, greeting) if greeting.startswith(b"INFO ") else greeting
    return b""


def _answer(server: socket.socket, greeting: bytes) -> bytes:
    identity = load(Path(os.environ["INTERLOCK_KEY_FILE"]))
    nonce = json.loads(greeting.removeprefix(b"INFO "))["nonce"]
    signature = base64.urlsafe_b64encode(identity.sign(nonce.encode())).decode().rstrip("=")
    shown = {"verbose": False, "protocol": 1, "nkey": identity.public_key, "sig": signature}
    server.sendall(f"CONNECT {json.dumps(shown)}\r\nPING\r\n".encode())
    return _line(server)


def _line(server: socket.socket) -> bytes:
    said = b""
    while b"\r\n" not in said and (more := server.recv(8192)):
        said += more
    return said
