"""nats-py's client with a shorter way through it: messages are handled as they are read, written together.

nats-py puts each message into a queue that a task empties, and wakes another task to write what is published.
Each of these is one more turn of the event loop, with system calls and a wake of the server of its own, and
these cost more than all the work in between. It builds on names inside nats-py, which
tests/bus/test_client.py guards.
"""

import asyncio
import base64
import re
import time
from collections.abc import Callable, Mapping
from inspect import iscoroutinefunction
from typing import Any

import nats.errors
from nats.aio.client import DEFAULT_BUFFER_SIZE, Client
from nats.aio.subscription import Subscription

from interlock.bus.identity import Identity
from interlock.bus.logs import log
from interlock.bus.parser import MessageParser
from interlock.bus.sockets import Socket
from interlock.bus.wired import OnWire, Wired

_UNFIT = re.compile(r"\s|^$")


class CutOff(nats.errors.Error):
    """The server ended the connection before it had said whether it admits."""

    def __str__(self) -> str:
        """Say so."""
        return "the server ended the connection before it answered"


class DirectClient(Client):
    """A client that calls handlers which need not wait at once, without a task.

    `identity` is asked at every connection anew, so that a new key is used as soon as there is one; it must
    not raise, for nats-py would never connect again.
    """

    def __init__(self, identity: Callable[[], Identity] | None = None) -> None:
        super().__init__()
        self._identity = identity
        self._ps = MessageParser(self, self)
        self._at_once: dict[int, OnWire] = {}
        self._writing = False
        self._turns = asyncio.get_running_loop()

    async def hear(self, subject: str, handle: OnWire, queue: str = "") -> Subscription:
        """Subscribe; a coroutine function is called from a task, as nats-py does it, another at once."""
        half_typed: Any = self
        waits = iscoroutinefunction(handle)
        subscription: Subscription = await half_typed.subscribe(
            subject, queue=queue, cb=handle if waits else _never
        )
        if not waits:
            self._at_once[self._sid] = handle
        return subscription

    def put(self, subject: str, data: bytes, reply: str, headers: Mapping[str, str] | None) -> None:
        """Hand one message over to be written with all others of this turn; raise BadSubjectError."""
        if _UNFIT.search(subject) or (reply and _UNFIT.search(reply)):
            raise nats.errors.BadSubjectError
        if headers is None:
            command = f"PUB {subject} {reply} {len(data)}\r\n".encode()
        else:
            head = _head(headers)
            command = f"HPUB {subject} {reply} {len(head)} {len(head) + len(data)}\r\n".encode() + head
        self._pending.append(b"%b%b\r\n" % (command, data))
        self._pending_data_size += len(command) + len(data) + 2
        self._write_soon()

    async def receive(self, sid: int, subject: bytes, reply: bytes, head: bytes, data: bytes) -> None:
        """Give a message to its handler; a handler's error is logged."""
        handle = self._at_once.get(sid)
        if handle is None:
            await self._process_msg(sid, subject, reply, data, head)
            return
        try:
            handle(Wired(subject.decode(), data, reply.decode(), head))
        except Exception:
            log.exception("bus_handler_failed", subject=subject.decode())

    def received(self) -> None:
        """Write what handlers have published."""
        self._write()

    def _connect_command(self) -> bytes:
        if self._identity is not None:
            identity = self._identity()
            self._public_nkey = identity.public_key
            self._signature_cb = lambda nonce: base64.b64encode(identity.sign(nonce.encode()))
        return super()._connect_command()

    async def _connect_to_server(self, s: Any) -> None:
        if self._transport is not None:
            # nats-py leaves the socket of an attempt that was refused to the garbage collector.
            self._transport.close()  # type: ignore[no-untyped-call]  # nats-py left it so
        else:
            self._transport = Socket()  # type: ignore[no-untyped-call]  # the same
        s.last_attempt = time.monotonic()
        await self._transport.connect(s.uri, DEFAULT_BUFFER_SIZE, self.options["connect_timeout"])

    async def _process_connect_init(self) -> None:
        await super()._process_connect_init()
        if self._status != Client.CONNECTED:
            # nats-py takes the end of the connection for an answer, believes in it, and never tries again.
            for name in ("_reading_task", "_ping_interval_task", "_flusher_task"):
                begun: asyncio.Task[None] | None = getattr(self, name)
                if begun is not None:
                    begun.cancel()
            raise CutOff

    async def _close(self, status: int, do_cbs: bool = True) -> None:
        try:
            await super()._close(status, do_cbs)
        except (OSError, AttributeError):
            # nats-py has tried to write what was waiting into a connection that is gone (the latter error is
            # asyncio's word for it with TLS). It would stop here, and tell nobody that it has closed.
            self._pending, self._pending_data_size = [], 0
            self._status = Client.DISCONNECTED
            await super()._close(status, do_cbs)

    async def _process_info(self, info: dict[str, Any], initial_connection: bool = False) -> None:
        if initial_connection and self.options.get("tls") and not info.get("tls_required"):
            # nats-py would go on in plain text, which is what somebody in between would like.
            raise nats.errors.Error("the server does not encrypt, and this program was told to")
        await super()._process_info(info, initial_connection)

    def _remove_sub(self, sid: int, max_msgs: int = 0) -> None:
        super()._remove_sub(sid, max_msgs)
        self._at_once.pop(sid, None)

    async def _process_pong(self) -> None:
        # Whoever waited may have given up; nats-py would answer all the same, fail, and never read again.
        half_typed: Any = self
        pongs: list[asyncio.Future[bool]] = half_typed._pongs  # noqa: SLF001 - its own, by another name
        if pongs and pongs[0].done():
            pongs[0] = self._turns.create_future()
        await super()._process_pong()

    async def _process_headers(self, headers: Any) -> Any:
        return headers

    def _build_message(self, sid: int, subject: bytes, reply: bytes, data: bytes, headers: Any) -> Any:
        del sid
        return Wired(subject.decode(), data, reply.decode(), headers or b"")

    async def _flush_pending(self, force_flush: bool = False) -> Any:
        if force_flush or not self.is_connected:
            return await super()._flush_pending(force_flush)
        self._write_soon()
        return None

    def _write_soon(self) -> None:
        if not self._writing:
            self._writing = True
            self._turns.call_soon(self._write)

    def _write(self) -> None:
        self._writing = False
        if self._pending and self.is_connected and self._transport is not None:
            commands, self._pending, self._pending_data_size = self._pending, [], 0
            self._transport.write(b"".join(commands))


def _head(headers: Mapping[str, str]) -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    if lines.count("\n") != len(headers):
        raise nats.errors.BadHeaderError(lines)
    return f"NATS/1.0\r\n{lines}\r\n".encode()


async def _never(_message: object) -> None:
    """Stand where nats-py wants a coroutine function."""
