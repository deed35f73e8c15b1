"""What a process may ask of the bus, whichever backend carries it; it does not know what the messages mean.

Two backends keep this promise and pass one conformance suite: `nats` (a real server) and `memory` (a twin
for simulations, one thread, no IO).
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import Protocol

import msgspec


class Ack(msgspec.Struct, frozen=True):
    """The log's answer to an append: the sequence, and whether it stood there already (same message id)."""

    seq: int
    duplicate: bool = False


class Record(msgspec.Struct, frozen=True):
    """One stored record: its place in the one order, when it was stored, its bytes.

    The times are milliseconds and microseconds since the epoch; 0 microseconds: not known so finely.
    """

    seq: int
    time_ms: int
    subject: str
    data: bytes
    time_us: int = 0


class Message(msgspec.Struct, frozen=True):
    """One unstored message; `reply` is empty when no answer is expected."""

    subject: str
    data: bytes
    reply: str = ""


# A coroutine function is waited for before the next call; another one is called at once, and must not wait.
OnRecord = Callable[[Record], Awaitable[None] | None]
OnMessage = Callable[[Message], Awaitable[None] | None]


class Subscription(Protocol):
    """Something that delivers until it is stopped."""

    async def stop(self) -> None:
        """Deliver nothing more; stopping twice is harmless."""
        ...


class Log(Protocol):
    """The one order of records."""

    def append_soon(
        self,
        subject: str,
        data: bytes,
        *,
        expected_subject_seq: int | None = None,
        expected_on: str = "",
        message_id: str = "",
    ) -> "asyncio.Future[Ack]":
        """Publish at once, in call order, without waiting; many may be outstanding.

        The future raises Superseded, Busy, LogFull, NotPermitted, TooLarge or Unreachable.
        `expected_subject_seq` is the sequence of the last record on that very subject, or on the subject
        `expected_on` where one is named (0: none may stand there). A condition on another subject does not
        make a second copy impossible, so such an append needs a `message_id` to outlive a broken connection.
        """
        ...

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
        ...

    async def follow(
        self, filters: Sequence[str], on_record: OnRecord, *, start_seq: int = 1, consumer: str = ""
    ) -> Subscription:
        """Deliver every record that matches, from `start_seq` on, in order, once each, and keep following.

        Survives gaps, reconnections and server restarts; a slow reader slows only itself. Who may read one
        filter only says under which name (`permissions`); under one name stands one reading at a time.
        """
        ...

    def history(
        self, filters: Sequence[str], *, start_seq: int = 1, consumer: str = ""
    ) -> AsyncGenerator[Record]:
        """Yield the matching records that stand in the log now, in order, then end.

        `consumer` as in `follow`; on a replicated log such a reading may end a moment too early. Who does not
        read to the end closes it (`contextlib.aclosing`).
        """
        ...

    async def record(self, seq: int) -> Record | None:
        """Return the record of that sequence, or None."""
        ...

    async def last(self, subject: str) -> Record | None:
        """Return the newest record on a subject (wildcards allowed), or None."""
        ...

    async def last_seq(self) -> int:
        """Return the sequence of the log's newest record (0: empty)."""
        ...


class Wire(Protocol):
    """Messages that are not stored and may be lost."""

    async def send(self, subject: str, data: bytes, *, reply: str = "") -> None:
        """Publish one message to whoever listens."""
        ...

    def send_soon(self, subject: str, data: bytes, *, reply: str = "") -> None:
        """Publish one message as `send` does, in call order, without waiting."""
        ...

    async def listen(self, subject: str, on_message: OnMessage, *, queue: str = "") -> Subscription:
        """Deliver what is sent to a subject (wildcards allowed), appends to stored subjects too.

        Of all who listen under one `queue`, each message reaches one.
        """
        ...

    async def request(self, subject: str, data: bytes, *, timeout_s: float) -> bytes:
        """Send and return the first answer; raise NotTaken when none came in time."""
        ...

    def inbox(self) -> str:
        """Return a fresh subject that only this connection listens to."""
        ...


class Bus(Log, Wire, Protocol):
    """One principal's connection."""

    @property
    def principal(self) -> str:
        """The name under which this connection speaks; the server enforces it."""
        ...

    @property
    def max_payload(self) -> int:
        """The most bytes one message may hold."""
        ...

    async def close(self) -> None:
        """Flush what was published, then end the connection."""
        ...
