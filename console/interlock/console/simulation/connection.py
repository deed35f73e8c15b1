"""A principal's connection to the in-memory twin over a simulated line: `ports.Bus`, with a network between.

It keeps the promises of the real connection (bus/nats_bus.py), and none that the real one does not keep.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from functools import partial
from typing import Any, Protocol, TypeVar

from interlock.bus.errors import NotTaken, Unreachable
from interlock.bus.memory import MAX_PAYLOAD_BYTES, MemoryServer
from interlock.bus.patterns import matcher
from interlock.bus.ports import Ack, Message, OnMessage, OnRecord, Record, Subscription
from interlock.console.simulation.appends import Conditions, SimulatedAppends
from interlock.console.simulation.line import Line
from interlock.console.simulation.readings import OnArrival, SimulatedListening, SimulatedReading

ASK_S = 5.0
ACK_S = 5.0
PORTION = 64

T = TypeVar("T")


class Watcher(Protocol):
    """Somebody whose work depends on the connection."""

    def lost(self) -> None:
        """React to a break."""
        ...

    def restored(self) -> None:
        """React to a connection that stands again."""
        ...


class SimulatedBus:
    """One life of one connection's client side."""

    def __init__(self, line: Line, server: MemoryServer, principal: str, ack_s: float = ACK_S) -> None:
        self.watchers: list[Watcher] = []
        self.on_sent: Callable[[str, bytes], None] | None = None
        self.on_arrival: OnArrival | None = None
        self._line = line
        self._server = server
        self._principal = principal
        self._appends = SimulatedAppends(line, server, ack_s)
        self._open: list[SimulatedListening | SimulatedReading] = []
        self._up = asyncio.Event()
        self._up.set()
        self._closed = False

    @property
    def principal(self) -> str:
        """The name under which this connection speaks."""
        return self._principal

    @property
    def max_payload(self) -> int:
        """The most bytes one message may hold."""
        return MAX_PAYLOAD_BYTES

    @property
    def acked(self) -> set[int]:
        """The records of its own that it knows to be durable."""
        return self._appends.acked

    @property
    def reads(self) -> bool:
        """Whether it follows the log."""
        return any(isinstance(each, SimulatedReading) and not each.stopped for each in self._open)

    @property
    def has_read_all(self) -> bool:
        """Whether nothing of the log that it follows is still to come."""
        readings = [each for each in self._open if isinstance(each, SimulatedReading) and not each.stopped]
        return all(each.has_read_all for each in readings)

    # The log.

    def append_soon(
        self,
        subject: str,
        data: bytes,
        *,
        expected_subject_seq: int | None = None,
        expected_on: str = "",
        message_id: str = "",
    ) -> "asyncio.Future[Ack]":
        """Publish at once, in call order; see `ports.Log`."""
        conditions = Conditions(expected_subject_seq, expected_on, message_id)
        answer = self._appends.soon(Message(subject, data), conditions)
        if self._closed:
            self._appends.fail_all()
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
        """Append one record and wait until it is durable."""
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
        """Deliver every matching record from `start_seq` on, in order, once each."""
        assert not consumer or len(filters) == 1, "a consumer of a prescribed name has one filter"
        reading = SimulatedReading(
            self._line, self._server, filters, on_record, start_seq, self.on_arrival, narrow=bool(consumer)
        )
        await self._asked(reading.open_at_server)
        self._open.append(reading)
        return reading

    async def history(
        self, filters: Sequence[str], *, start_seq: int = 1, consumer: str = ""
    ) -> AsyncGenerator[Record]:
        """Yield the matching records that stand in the log now, in portions as they arrive."""
        assert not consumer or len(filters) == 1, "a consumer of a prescribed name has one filter"
        fits = matcher(filters)
        last = await self.last_seq()
        first = max(start_seq, 1)
        while first <= last:
            portion = await self._asked(partial(self._portion, first, min(last, first + PORTION - 1)))
            first += PORTION
            for record in portion:
                if fits(record.subject):
                    if self.on_arrival is not None:
                        self.on_arrival(record, 0.0, record.seq)
                    yield record

    async def record(self, seq: int) -> Record | None:
        """Return the record of that sequence, or None."""
        found = await self._asked(partial(self._portion, seq, seq))
        return found[0] if found else None

    async def last(self, subject: str) -> Record | None:
        """Return the newest record on a subject (wildcards allowed), or None."""
        fits = matcher([subject])
        return await self._asked(
            lambda: next((record for record in reversed(self._server.records) if fits(record.subject)), None)
        )

    async def last_seq(self) -> int:
        """Return the sequence of the log's newest record (0: empty)."""
        return await self._asked(lambda: len(self._server.records))

    # The wire.

    async def send(self, subject: str, data: bytes, *, reply: str = "") -> None:
        """Publish one message to whoever listens."""
        self.send_soon(subject, data, reply=reply)

    def send_soon(self, subject: str, data: bytes, *, reply: str = "") -> None:
        """Publish one message, in call order; without a connection it is lost."""
        if self.on_sent is not None:
            self.on_sent(subject, data)
        if self._up.is_set() and not self._closed:
            self._line.up(self._server.send, Message(subject, data, reply))

    async def listen(self, subject: str, on_message: OnMessage, *, queue: str = "") -> Subscription:
        """Deliver what is sent to a subject."""
        listening = SimulatedListening(self._line, self._server, subject, on_message, queue, self.on_arrival)
        await self._asked(listening.open_at_server)
        self._open.append(listening)
        return listening

    async def request(self, subject: str, data: bytes, *, timeout_s: float) -> bytes:
        """Send and return the first answer; raise NotTaken when none came in time."""
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        inbox = self.inbox()

        def on_answer(message: Message) -> None:
            if not answer.done():
                answer.set_result(message.data)

        listening = await self.listen(inbox, on_answer)
        self.send_soon(subject, data, reply=inbox)
        try:
            async with asyncio.timeout(timeout_s):
                return await answer
        except TimeoutError:
            raise NotTaken(f"no answer on {subject} within {timeout_s:g} s") from None
        finally:
            await listening.stop()

    def inbox(self) -> str:
        """Return a fresh subject that only this connection listens to."""
        return self._server.inbox(self._principal)

    async def close(self) -> None:
        """End the connection."""
        self._closed = True
        self._appends.fail_all()
        for each in self._open:
            await each.stop()

    # The network.

    def forget_at_server(self) -> None:
        """Let the server forget everything about this connection."""
        for each in self._open:
            each.close_at_server()

    def lost(self) -> None:
        """Notice that the connection broke."""
        if self._up.is_set():
            self._up.clear()
            self._appends.lost()
            for watcher in self.watchers:
                watcher.lost()

    def restored(self) -> None:
        """Go on over a new connection."""
        self.lost()
        self._up.set()
        self._open = [each for each in self._open if not each.stopped]
        for each in self._open:
            self._line.up(each.open_again)
        self._appends.restored()
        for watcher in self.watchers:
            watcher.restored()

    def _portion(self, first: int, last: int) -> list[Record]:
        return self._server.records[max(0, first - 1) : last]

    async def _asked(self, compute: Callable[[], T]) -> T:
        """Ask the server and wait for its answer; raise Unreachable when none comes in time."""
        if self._closed:
            raise Unreachable("this connection was closed")
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(ASK_S):
                await self._up.wait()
                self._line.up(self._answer, compute, answer)
                value: T = await answer
        except TimeoutError:
            raise Unreachable(f"the server does not answer {self._principal}") from None
        return value

    def _answer(self, compute: Callable[[], Any], answer: "asyncio.Future[Any]") -> None:
        value = compute()
        self._line.down(_set, answer, value)


def _set(answer: "asyncio.Future[Any]", value: Any) -> None:
    if not answer.done():
        answer.set_result(value)
