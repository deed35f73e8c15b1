"""Readings and listenings over a simulated line: what the server pushes, and how a client takes it.

Both outlive a broken connection: a reading goes on after the last record delivered, a listening misses what
was said meanwhile. A handler that waits is waited for, one message after the other.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from inspect import iscoroutinefunction
from typing import Any

from interlock.bus.logs import log
from interlock.bus.memory import Ear, MemoryServer
from interlock.bus.patterns import matcher
from interlock.bus.ports import Message, OnMessage, OnRecord, Record
from interlock.console.simulation.line import Line
from interlock.contracts.subjects import LEADS

PUSH_LATE_S = (0.0, 0.001, 0.02, 0.3)
"""How much later than the plain message a record may come to a narrow reader."""
OPEN_LATE_S = (0.0, 0.0, 0.4, 2.0)
"""How long it may take until a narrow reader is served again after a break."""

OnArrival = Callable[[Message | Record, float, int], None]
"""Told of a thing that arrives, of when the server has sent it, and of its place in the log (0: none)."""


class _Taker:
    """Calls a handler for each thing that it is to `take`, a coroutine function for one after the other."""

    def __init__(self, handle: Callable[[Any], Awaitable[None] | None]) -> None:
        self._handle = handle
        self.take: Callable[[Any], object] = self._queue if iscoroutinefunction(handle) else self._call
        self._waiting: deque[Any] = deque()
        self._working: asyncio.Task[None] | None = None

    def _queue(self, thing: Any) -> None:
        self._waiting.append(thing)
        if self._working is None:
            self._working = asyncio.get_running_loop().create_task(self._work())

    def _call(self, thing: Any) -> Awaitable[None] | None:
        try:
            return self._handle(thing)
        except Exception:
            log.exception("bus_handler_failed", subject=thing.subject)
            return None

    async def _work(self) -> None:
        while self._waiting:
            handling = self._call(self._waiting.popleft())
            try:
                if handling is not None:
                    await handling
            except Exception:
                log.exception("bus_handler_failed")
        self._working = None


class SimulatedListening:
    """One subscription to unstored messages."""

    def __init__(
        self,
        line: Line,
        server: MemoryServer,
        subject: str,
        on_message: OnMessage,
        queue: str,
        on_arrival: OnArrival | None,
    ) -> None:
        self._on_arrival = on_arrival
        self._line = line
        self._server = server
        self._subject = subject
        self._queue = queue
        self._taker = _Taker(on_message)
        self.stopped = False
        self._ear: Ear | None = None

    async def stop(self) -> None:
        """Deliver nothing more."""
        self.stopped = True
        self._line.up(self.close_at_server)

    def open_at_server(self) -> None:
        """Let the server know of it."""
        if self._ear is None:
            self._ear = self._server.listen(self._subject, self._push, self._queue)

    def open_again(self) -> None:
        """Let the server know of it after a break."""
        self.open_at_server()

    def close_at_server(self) -> None:
        """Let the server forget it."""
        if self._ear is not None:
            self._server.unlisten(self._ear)
            self._ear = None

    def _push(self, message: Message) -> None:
        weather = self._line.weather
        lost = weather.lost if self._subject != LEADS else max(weather.lost, weather.leads_lost)
        if lost and self._line.happens(lost):
            return
        seq = self._place(message) if self._on_arrival is not None else 0
        sent_s = asyncio.get_running_loop().time()
        self._line.down(self._arrive, message, sent_s, seq)
        if weather.doubled and self._line.happens(weather.doubled):
            self._line.down(self._arrive, message, sent_s, seq)

    def _arrive(self, message: Message, sent_s: float, seq: int) -> None:
        if not self.stopped:
            if self._on_arrival is not None:
                self._on_arrival(message, sent_s, seq)
            self._taker.take(message)

    def _place(self, message: Message) -> int:
        """Return the sequence of the record that was stored by the same publish."""
        newest = self._server.records[-1:]
        stored = any((one.subject, one.data) == (message.subject, message.data) for one in newest)
        return newest[0].seq if stored else 0


class SimulatedReading:
    """One ordered reading of the log; one that is `narrow` may come later than plain messages."""

    def __init__(
        self,
        line: Line,
        server: MemoryServer,
        filters: Sequence[str],
        on_record: OnRecord,
        start_seq: int,
        on_arrival: OnArrival | None,
        *,
        narrow: bool,
    ) -> None:
        self._on_arrival = on_arrival
        self._narrow = narrow
        self._pushed_s = 0.0
        self._line = line
        self._server = server
        self._fits = matcher(filters)
        self._taker = _Taker(on_record)
        self._next_seq = max(start_seq, 1)
        self._cursor: int | None = None
        self._generation = 0
        self.stopped = False

    @property
    def has_read_all(self) -> bool:
        """Whether the log holds nothing for it that has not arrived."""
        return not any(self._fits(one.subject) for one in self._server.records[self._next_seq - 1 :])

    async def stop(self) -> None:
        """Deliver nothing more."""
        self.stopped = True
        self._line.up(self.close_at_server)

    def open_at_server(self) -> None:
        """Begin to push from the next record on."""
        if self._cursor is None:
            self._server.follow(self._push)
        self._generation += 1
        self._cursor = self._next_seq
        self._push()

    def open_again(self) -> None:
        """Begin again after a break; for a narrow reader the server may need a while."""
        late_s = self._line.chance.choice(OPEN_LATE_S) if self._narrow else 0.0
        if late_s:
            self._line.at(asyncio.get_running_loop().time() + late_s, self._open_late)
        else:
            self.open_at_server()

    def _open_late(self) -> None:
        if self._line.standing and not self.stopped:
            self.open_at_server()

    def close_at_server(self) -> None:
        """Push nothing more."""
        self._cursor = None
        self._server.unfollow(self._push)

    def _push(self) -> None:
        records = self._server.records
        while self._cursor is not None and self._cursor <= len(records):
            record = records[self._cursor - 1]
            self._cursor += 1
            if not self._fits(record.subject):
                continue
            if self._narrow:
                self._push_late(record)
            else:
                self._line.down(self._arrive, self._generation, record)

    def _push_late(self, record: Record) -> None:
        late_s = self._line.chance.choice(PUSH_LATE_S)
        self._pushed_s = max(self._pushed_s, asyncio.get_running_loop().time() + late_s)
        self._line.at(self._pushed_s, self._line.down, self._arrive, self._generation, record)

    def _arrive(self, generation: int, record: Record) -> None:
        if not self.stopped and generation == self._generation and record.seq >= self._next_seq:
            self._next_seq = record.seq + 1
            if self._on_arrival is not None:
                self._on_arrival(record, self._pushed_s, record.seq)
            self._taker.take(record)
