"""The bank over HTTP: who has the token may pay, take back, and look.

POST /payments and /refunds with an Idempotency-Key; GET /payments (?key=, ?reference=) and /accounts. What
is booked, and what not, the books decide.
"""

import hmac
import sys
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar, cast
from urllib.parse import parse_qs, urlsplit

import msgspec

from invoice_desk.bank.books import Books
from invoice_desk.bank.orders import Booking, Key, NotBooked, Refund, Transfer

MOST_BYTES = 16_384
SILENT_S = 30.0

Order = TypeVar("Order", Transfer, Refund)


class _Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a refusal says."""

    error: str
    payment: Booking | None = None


class Bank(ThreadingHTTPServer):
    """The bank on a port of this machine (0: any free one)."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, books: Books, token: str, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Counter)
        self.books = books
        self._token = f"Bearer {token}".encode()

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Let a connection go that its client has left; what was booked for it stays booked."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)  # type: ignore[arg-type] # as it came

    def admits(self, authorization: str) -> bool:
        """Tell whether somebody has shown the token."""
        return hmac.compare_digest(authorization.encode(), self._token)


class _Counter(BaseHTTPRequestHandler):
    """One connection at the counter."""

    protocol_version = "HTTP/1.1"
    timeout = SILENT_S

    def do_GET(self) -> None:
        """Show payments or accounts."""
        self._answer(self._shown)

    def do_POST(self) -> None:
        """Pay or take back."""
        self._answer(self._booked)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is inherited
        """Say nothing: what happened stands in the books."""

    @property
    def _bank(self) -> Bank:
        return cast("Bank", self.server)

    def _shown(self, path: str, query: dict[str, str], _body: bytes) -> tuple[int, Any]:
        if path == "/accounts":
            return HTTPStatus.OK, self._bank.books.balances()
        if path == "/payments":
            key, reference = query.get("key", ""), query.get("reference", "")
            return HTTPStatus.OK, self._bank.books.bookings(key=key, reference=reference)
        raise NotBooked(HTTPStatus.NOT_FOUND, f"there is no {path} here; ask for /payments or /accounts")

    def _booked(self, path: str, _query: dict[str, str], body: bytes) -> tuple[int, Any]:
        key = _key(self.headers.get("Idempotency-Key", ""))
        if path == "/payments":
            booking, fresh = self._bank.books.pay(_order(body, Transfer), key)
        elif path == "/refunds":
            booking, fresh = self._bank.books.refund(_order(body, Refund), key)
        else:
            raise NotBooked(HTTPStatus.NOT_FOUND, f"nothing can be posted to {path}")
        return HTTPStatus.CREATED if fresh else HTTPStatus.OK, booking

    def _answer(self, act: Any) -> None:
        target = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(target.query).items()}
        try:
            body = self._body()
            if not self._bank.admits(self.headers.get("Authorization", "")):
                raise NotBooked(HTTPStatus.UNAUTHORIZED, "show the token: Authorization: Bearer …")  # noqa: TRY301 - one way out for all refusals
            status, value = act(target.path, query, body)
        except NotBooked as refusal:
            status, value = refusal.status, _Answer(str(refusal), refusal.booking)
        self._send(status, msgspec.json.encode(value))

    def _body(self) -> bytes:
        """Read what was posted; what is too long is not read, and ends the connection."""
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or int(length) > MOST_BYTES:
            self.close_connection = True
            raise NotBooked(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"at most {MOST_BYTES} bytes are read")
        return self.rfile.read(int(length))

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _key(text: str) -> str:
    try:
        return msgspec.convert(text, Key)
    except msgspec.ValidationError as error:
        raise NotBooked(HTTPStatus.BAD_REQUEST, f"Idempotency-Key: {error}") from error


def _order(body: bytes, kind: type[Order]) -> Order:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NotBooked(HTTPStatus.UNPROCESSABLE_ENTITY, f"this is no order: {error}") from error
