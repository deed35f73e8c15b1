"""The bus on a real NATS server: puts connection, appends and readings together behind the ports.

What crosses a broken connection: readings and listenings go on by themselves; appends as `appends` describes;
an unstored message that is sent meanwhile is lost, as its port says it may be.
"""

import asyncio
import ssl
from collections.abc import AsyncGenerator, Awaitable, Sequence
from inspect import iscoroutinefunction

import nats.errors

from interlock.bus import jetstream
from interlock.bus.appends import AppendLimits, Appends
from interlock.bus.connection import RETRY_S, Connection, Hearing
from interlock.bus.credentials import Credentials, Secret
from interlock.bus.echoes import is_echo
from interlock.bus.errors import BusError, TooLarge
from interlock.bus.history import history, narrow_history
from interlock.bus.logs import log
from interlock.bus.patterns import matcher
from interlock.bus.ports import Ack, Message, OnMessage, OnRecord, Record, Subscription
from interlock.bus.reader import Reader
from interlock.bus.requests import Requests, status_of
from interlock.bus.wired import Wired


class Listening:
    """One subscription to unstored messages."""

    def __init__(self, connection: Connection, subject: str, on_message: OnMessage, queue: str) -> None:
        self._connection = connection
        self._subject = subject
        self._queue = queue
        self._fits = matcher([subject])
        self._on_message = on_message
        self._hearing: Hearing | None = None
        self._stopped = False

    async def start(self) -> None:
        """Begin; raise NotPermitted when this principal may not listen there."""
        deliver = self._deliver_and_wait if iscoroutinefunction(self._on_message) else self._deliver
        self._hearing = await self._connection.hear(self._subject, deliver, queue=self._queue)

    async def stop(self) -> None:
        """Deliver nothing more; stopping twice is harmless, also from within the handler."""
        if not self._stopped and self._hearing is not None:
            self._connection.drop(self._hearing)
        self._stopped = True

    async def _deliver_and_wait(self, message: Wired) -> None:
        handling = self._deliver(message)
        if handling is not None:
            try:
                await handling
            except Exception:
                log.exception("bus_handler_failed", subject=message.subject)

    def _deliver(self, message: Wired) -> Awaitable[None] | None:
        # A status is the server's word that nobody listens, to whoever sent a message with a reply.
        if self._stopped or status_of(message):
            return None
        # A consumer can be told to deliver records anywhere; they keep their own subject.
        if is_echo(message.data) or not self._fits(message.subject):
            log.error("bus_echo_passed_over", subject=message.subject, listening=self._subject)
            return None
        return self._on_message(Message(message.subject, message.data, message.reply))


class NatsBus:
    """`ports.Bus` for one principal on one server."""

    def __init__(self, requests: Requests, appends: Appends) -> None:
        self.requests = requests
        self.connection = requests.connection
        self._appends = appends

    @property
    def principal(self) -> str:
        """The name under which this connection speaks; the server enforces it."""
        return self.connection.principal

    @property
    def max_payload(self) -> int:
        """The most bytes one message may hold."""
        return self.connection.max_payload

    @property
    def connected(self) -> bool:
        """Whether the connection stands at this moment."""
        return self.connection.up

    def append_soon(
        self,
        subject: str,
        data: bytes,
        *,
        expected_subject_seq: int | None = None,
        expected_on: str = "",
        message_id: str = "",
    ) -> asyncio.Future[Ack]:
        """Publish at once, in call order, without waiting; see `ports.Log.append_soon`."""
        return self._appends.soon(subject, data, expected_subject_seq, expected_on, message_id)

    async def append(
        self,
        subject: str,
        data: bytes,
        *,
        expected_subject_seq: int | None = None,
        expected_on: str = "",
        message_id: str = "",
    ) -> Ack:
        """Append one record and wait until it is durable."""
        return await self._appends.soon(subject, data, expected_subject_seq, expected_on, message_id)

    async def follow(
        self, filters: Sequence[str], on_record: OnRecord, *, start_seq: int = 1, consumer: str = ""
    ) -> Subscription:
        """Deliver every matching record from `start_seq` on; a handler's error is logged."""

        def pass_on(record: Record) -> Awaitable[None] | None:
            if is_echo(record.data):
                log.error("bus_echo_passed_over", seq=record.seq, subject=record.subject)
                return None
            return on_record(record)

        waits = iscoroutinefunction(on_record)
        reader = Reader(self.requests, filters, pass_on, start_seq=start_seq, waits=waits, consumer=consumer)
        await reader.start()
        return reader

    def history(
        self, filters: Sequence[str], *, start_seq: int = 1, consumer: str = ""
    ) -> AsyncGenerator[Record]:
        """Yield the matching records that stand in the log now, in order, then end."""
        if consumer:
            return narrow_history(self.requests, filters, start_seq=start_seq, consumer=consumer)
        return history(self.requests, filters, start_seq=start_seq)

    async def record(self, seq: int) -> Record | None:
        """Return the record of that sequence, or None."""
        record = await jetstream.message(self.requests, seq=seq) if seq > 0 else None
        return None if record is None or is_echo(record.data) else record

    async def last(self, subject: str) -> Record | None:
        """Return the newest record on a subject (wildcards allowed), or None."""
        newest = await jetstream.message(self.requests, last_by_subj=subject)
        if newest is None or not is_echo(newest.data):
            return newest
        newest = None
        async for record in self.history([subject]):
            newest = record
        return newest

    async def last_seq(self) -> int:
        """Return the sequence of the log's newest record (0: empty)."""
        return (await jetstream.stream_info(self.requests)).last_seq

    async def send(self, subject: str, data: bytes, *, reply: str = "") -> None:
        """Publish one message to whoever listens; without a connection it is lost, without complaint."""
        self.send_soon(subject, data, reply=reply)

    def send_soon(self, subject: str, data: bytes, *, reply: str = "") -> None:
        """Publish one message as `send` does, in call order, without waiting."""
        if len(data) > self.max_payload:
            raise TooLarge(f"{len(data)} bytes for {subject}: one message holds at most {self.max_payload}")
        if not self.connection.speaks:
            log.debug("bus_message_lost", subject=subject)
            return
        try:
            self.connection.publish(subject, data, reply)
        except nats.errors.Error as failure:
            raise BusError(f"{subject!r} cannot be published ({failure}); check the subject") from failure

    async def listen(self, subject: str, on_message: OnMessage, *, queue: str = "") -> Subscription:
        """Deliver what is sent to a subject; a failing handler is logged and the listening goes on."""
        listening = Listening(self.connection, subject, on_message, queue)
        await listening.start()
        return listening

    async def request(self, subject: str, data: bytes, *, timeout_s: float) -> bytes:
        """Send and return the first answer; raise NotTaken when none came in time."""
        message = await self.requests.ask(subject, data, timeout_s=timeout_s)
        return message.data

    def inbox(self) -> str:
        """Return a fresh subject that only this connection listens to."""
        return self.connection.inbox()

    async def close(self) -> None:
        """Wait (bounded) for outstanding acknowledgements, flush, end the connection."""
        await self._appends.drain()
        await self.connection.close()


async def connect(
    url: str,
    principal: str,
    *,
    key: Secret | None = None,
    token: Secret | None = None,
    tls: ssl.SSLContext | None = None,
    limits: AppendLimits | None = None,
    retry_s: float = RETRY_S,
) -> NatsBus:
    """Connect as a principal with its nkey seed or access token; neither: an open server, or a certificate.

    Raises Unreachable when no server answers within a few seconds, NotPermitted when it refuses. From then on
    the connection is kept until `close`, whatever happens to the server: cut, it is tried each `retry_s`.
    """
    credentials = Credentials(key, token, tls)
    return await connect_by(credentials, url, principal, limits=limits, retry_s=retry_s)


async def connect_by(
    credentials: Credentials,
    url: str,
    principal: str,
    *,
    name: str = "",
    limits: AppendLimits | None = None,
    patience_s: float = 0.0,
    retry_s: float = RETRY_S,
) -> NatsBus:
    """Connect as `connect` does; for `patience_s` a refusal may mean that who admits is not there yet."""
    connection = Connection(principal, url, credentials, retry_s=retry_s)
    await connection.open(name=name or principal, patience_s=patience_s)
    requests = Requests(connection)
    appends = Appends(requests, limits or AppendLimits())
    try:
        await requests.start()
        await appends.start()
    except BusError:
        await connection.close()
        raise
    return NatsBus(requests, appends)
