"""Whoever is told, for tests: a real HTTP server and a real mail server that answer by script."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncGenerator, Callable
from email import message_from_bytes
from email.message import Message
from typing import Any, NamedTuple

import msgspec
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

PATIENCE_S = 30.0
HANG = 0
"""An answer that never comes."""


class Called(NamedTuple):
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = msgspec.json.decode(self.body)
        return found


class Receiver:
    """Answers by `script`, a status for each request, then with 204; `retry_after` goes with a 429."""

    def __init__(self, *script: int, retry_after: str = "") -> None:
        self.calls: list[Called] = []
        self._script = list(script)
        self._retry_after = retry_after
        self._changed = asyncio.Condition()
        self._server: asyncio.Server | None = None
        self._port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/hook"

    @property
    def ids(self) -> list[str]:
        return [call.id for call in self.calls]

    async def open(self) -> None:
        """Listen, again on the same port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Refuse connections from now on."""
        assert self._server is not None
        self._server.close()

    async def count(self, number: int) -> list[Called]:
        """Wait for so many requests."""
        await self.until(lambda: len(self.calls) >= number)
        return self.calls

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait until something is true of the requests."""
        async with asyncio.timeout(PATIENCE_S), self._changed:
            await self._changed.wait_for(true)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while await self._answer(reader, writer):
                pass
        writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        pairs = [line.split(": ", 1) for line in head[1:] if line]
        headers = {name.lower(): value for name, value in pairs}
        body = await reader.readexactly(int(headers["content-length"]))
        async with self._changed:
            self.calls.append(Called(head[0].split()[1], headers, body))
            self._changed.notify_all()
        status = self._script.pop(0) if self._script else 204
        if status == HANG:
            await reader.read()
            return False
        wait = f"retry-after: {self._retry_after}\r\n" if status == 429 else ""
        where = "location: http://127.0.0.1:1/\r\n" if status in {301, 307} else ""
        writer.write(f"HTTP/1.1 {status} Said\r\n{wait}{where}content-length: 0\r\n\r\n".encode())
        await writer.drain()
        return True


@contextlib.asynccontextmanager
async def receiving(*script: int, retry_after: str = "") -> AsyncGenerator[Receiver]:
    receiver = Receiver(*script, retry_after=retry_after)
    await receiver.open()
    try:
        yield receiver
    finally:
        await receiver.close()


class Office:
    """A mail server; `script` holds its first answers to whom a letter is for."""

    def __init__(self, *script: str, tls: ssl.SSLContext | None = None, implicit: bool = False) -> None:
        self.letters: list[Message] = []
        self.logins: list[tuple[bytes, bytes]] = []
        self.port = 0
        self._script = list(script)
        self._tls = tls
        self._implicit = implicit
        self._more = asyncio.Event()

    @contextlib.asynccontextmanager
    async def opened(self) -> AsyncGenerator["Office"]:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            self._desk, "127.0.0.1", 0, ssl=self._tls if self._implicit else None
        )
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()

    async def count(self, number: int) -> list[Message]:
        """Wait for so many letters."""
        async with asyncio.timeout(PATIENCE_S):
            while len(self.letters) < number:
                self._more.clear()
                await self._more.wait()
        return self.letters

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if self._script:
            return self._script.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - the same
        assert isinstance(envelope.content, bytes)
        self.letters.append(message_from_bytes(envelope.content))
        self._more.set()
        return "250 OK"

    def _desk(self) -> SMTP:
        explicit = self._tls is not None and not self._implicit
        return SMTP(
            self,
            hostname="localhost",
            authenticator=self._login,
            auth_require_tls=not self._implicit,
            tls_context=self._tls if explicit else None,
            require_starttls=explicit,
        )

    def _login(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: LoginPassword
    ) -> AuthResult:
        self.logins.append((data.login, data.password))
        return AuthResult(success=data.password == b"open sesame", handled=False)
