"""A principal's connection to the in-memory twin; keeps the promises of `ports` that the real one keeps."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence

from interlock.bus.errors import BusError, NotTaken, Unreachable
from interlock.bus.logs import log
from interlock.bus.memory import MAX_PAYLOAD_BYTES, Ear, MemoryServer
from interlock.bus.patterns import matcher
from interlock.bus.ports import Ack, Message, OnMessage, OnRecord, Record, Subscription


class _Worker:
    """Runs one piece of work at a time while there is any; no task exists while there is none."""

    def __init__(self, step: Callable[[], Awaitable[bool]]) -> None:
        self._step = step
        self._task: asyncio.Task[None] | None = None
        self._stopped = False

    def wake(self) -> None:
        """Work until there is nothing left to do."""
        if self._task is None and not self._stopped:
            self._task = asyncio.get_running_loop().create_task(self._run())

    def stop(self) -> None:
        """Begin nothing more; the step at work ends undisturbed."""
        self._stopped = True

    async def _run(self) -> None:
        try:
            while not self._stopped and await self._step():
                pass
        finally:
            self._task = None


class MemoryListening:
    """One subscription to unstored messages."""

    def __init__(self, server: MemoryServer, subject: str, on_message: OnMessage, queue: str) -> None:
        self._server = server
        self._on_message = on_message
        self._waiting: deque[Message] = deque()
        self._worker = _Worker(self._deliver_next)
        self._ear: Ear = server.listen(subject, self._arrive, queue)

    async def stop(self) -> None:
        """Deliver nothing more; stopping twice is harmless."""
        self._worker.stop()
        self._server.unlisten(self._ear)

    def _arrive(self, message: Message) -> None:
        self._waiting.append(message)
        self._worker.wake()

    async def _deliver_next(self) -> bool:
        if not self._waiting:
            return False
        message = self._waiting.popleft()
        try:
            handling = self._on_message(message)
            if handling is not None:
                await handling
        except Exception:
            log.exception("bus_handler_failed", subject=message.subject)
        return True


class MemoryReader:
    """One ordered reading; a slow one is simply behind, since the log is the queue."""

    def __init__(
        self, server: MemoryServer, filters: Sequence[str], on_record: OnRecord, start_seq: int
    ) -> None:
        self._server = server
        self._fits = matcher(filters)
        self._on_record = on_record
        self._next_seq = max(start_seq, 1)
        self._worker = _Worker(self._deliver_next)
        server.follow(self._worker.wake)
        self._worker.wake()

    async def stop(self) -> None:
        """Deliver nothing more; stopping twice is harmless."""
        self._worker.stop()
        self._server.unfollow(self._worker.wake)

    async def _deliver_next(self) -> bool:
        records = self._server.records
        while self._next_seq <= len(records):
            record = records[self._next_seq - 1]
            self._next_seq += 1
            if not self._fits(record.subject):
                continue
            try:
                handling = self._on_record(record)
                if handling is not None:
                    await handling
            except Exception:
                log.exception("bus_handler_failed", seq=record.seq, subject=record.subject)
            return True
        return False


class MemoryBus:
    """`ports.Bus` without a network."""

    def __init__(self, server: MemoryServer, principal: str) -> None:
        self._server = server
        self._principal = principal
        self._subscriptions: list[Subscription] = []
        self._closed = False

    @property
    def principal(self) -> str:
        """The name under which this connection speaks."""
        return self._principal

    @property
    def max_payload(self) -> int:
        """The most bytes one message may hold."""
        return MAX_PAYLOAD_BYTES

    def append_soon(
        self,
        subject: str,
        data: bytes,
        *,
        expected_subject_seq: int | None = None,
        expected_on: str = "",
        message_id: str = "",
    ) -> asyncio.Future[Ack]:
        """Store at once, in call order; the acknowledgement arrives in a later turn of the loop."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Ack] = loop.create_future()
        outcome: Ack | BusError
        try:
            self._check_open()
            message = Message(subject, data)
            outcome = self._server.append(message, expected_subject_seq, message_id, expected_on)
        except BusError as failure:
            outcome = failure
        loop.call_soon(_settle, answer, outcome)
        return answer

    async def append(
        self,
        subject: str,
        data: bytes,
        *,
        expected_subject_seq: int | None = None,
        expected_on: str = "",
        message_id: str = "",
    ) -> Ack:
        """Append one record and wait for its acknowledgement."""
        return await self.append_soon(
            subject,
            data,
            expected_subject_seq=expected_subject_seq,
            expected_on=expected_on,
            message_id=message_id,
        )

    async def follow(
        self, filters: Sequence[str], on_record: OnRecord, *, start_seq: int = 1, consumer: str = ""
    ) -> Subscription:
        """Deliver every matching record from `start_seq` on, in order, once each, and keep following."""
        self._check_open()
        _check_narrow(filters, consumer)
        return self._keep(MemoryReader(self._server, filters, on_record, start_seq))

    async def history(
        self, filters: Sequence[str], *, start_seq: int = 1, consumer: str = ""
    ) -> AsyncGenerator[Record]:
        """Yield the matching records that stand in the log now, in order, then end."""
        self._check_open()
        _check_narrow(filters, consumer)
        fits = matcher(filters)
        for record in self._server.records[max(start_seq, 1) - 1 :]:
            if fits(record.subject):
                yield record

    async def record(self, seq: int) -> Record | None:
        """Return the record of that sequence, or None."""
        self._check_open()
        records = self._server.records
        return records[seq - 1] if 0 < seq <= len(records) else None

    async def last(self, subject: str) -> Record | None:
        """Return the newest record on a subject (wildcards allowed), or None."""
        self._check_open()
        fits = matcher([subject])
        return next((record for record in reversed(self._server.records) if fits(record.subject)), None)

    async def last_seq(self) -> int:
        """Return the sequence of the log's newest record (0: empty)."""
        self._check_open()
        return len(self._server.records)

    async def send(self, subject: str, data: bytes, *, reply: str = "") -> None:
        """Publish one message to whoever listens."""
        self.send_soon(subject, data, reply=reply)

    def send_soon(self, subject: str, data: bytes, *, reply: str = "") -> None:
        """Publish one message as `send` does, in call order, without waiting."""
        self._check_open()
        self._server.send(Message(subject, data, reply))

    async def listen(self, subject: str, on_message: OnMessage, *, queue: str = "") -> Subscription:
        """Deliver what is sent to a subject; a failing handler is logged and the listening goes on."""
        self._check_open()
        return self._keep(MemoryListening(self._server, subject, on_message, queue))

    async def request(self, subject: str, data: bytes, *, timeout_s: float) -> bytes:
        """Send and return the first answer; raise NotTaken when none came in time."""
        self._check_open()
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        inbox = self.inbox()
        ear = self._server.listen(inbox, lambda message: _answer(answer, message))
        try:
            if not self._server.send(Message(subject, data, inbox)):
                raise NotTaken(f"nobody listens on {subject}")
            async with asyncio.timeout(timeout_s):
                return await answer
        except TimeoutError:
            raise NotTaken(f"no answer on {subject} within {timeout_s:g} s") from None
        finally:
            self._server.unlisten(ear)

    def inbox(self) -> str:
        """Return a fresh subject that only this connection listens to."""
        return self._server.inbox(self._principal)

    async def close(self) -> None:
        """Deliver nothing more and refuse everything; closing twice is harmless."""
        self._closed = True
        for subscription in self._subscriptions:
            await subscription.stop()

    def _keep(self, subscription: Subscription) -> Subscription:
        self._subscriptions.append(subscription)
        return subscription

    def _check_open(self) -> None:
        if self._closed:
            raise Unreachable("this connection was closed")


def _check_narrow(filters: Sequence[str], consumer: str) -> None:
    assert not consumer or len(filters) == 1, "a consumer of a prescribed name has one filter"


def _settle(answer: "asyncio.Future[Ack]", outcome: Ack | BusError) -> None:
    if answer.done():
        return
    if isinstance(outcome, BusError):
        answer.set_exception(outcome)
    else:
        answer.set_result(outcome)


def _answer(answer: "asyncio.Future[bytes]", message: Message) -> None:
    if not answer.done():
        answer.set_result(message.data)
