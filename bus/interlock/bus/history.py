"""A bounded reading: the records that stand in the log now; it must not know what they mean."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from interlock.bus import jetstream
from interlock.bus.echoes import is_echo
from interlock.bus.errors import Unreachable
from interlock.bus.ports import Record
from interlock.bus.reader import PORTION, Reader
from interlock.bus.requests import Requests

STALL_S = 30.0
_HALF = PORTION // 2

Delivery = tuple[Record, int]


async def history(requests: Requests, filters: Sequence[str], *, start_seq: int) -> AsyncGenerator[Record]:
    """Yield the matching records up to the newest there now; raise Unreachable on a standstill."""
    info = await jetstream.stream_info(requests)
    last = await _newest(requests, filters) if info.replicated else info.last_seq
    if start_seq > last:
        return
    reading = _Reading(requests, filters, start_seq, "")
    async with aclosing(reading.deliveries(until_last=info.replicated)) as deliveries:
        async for record in deliveries:
            if record.seq > last:
                return
            if not is_echo(record.data):
                yield record
            if record.seq == last:
                return


async def narrow_history(
    requests: Requests, filters: Sequence[str], *, start_seq: int, consumer: str
) -> AsyncGenerator[Record]:
    """Yield the records of the one filter that may be read by a consumer of this name.

    Who has no more rights than that cannot ask for the newest record; the end is where the server says that
    nothing is left.
    """
    reading = _Reading(requests, filters, start_seq, consumer)
    async with aclosing(reading.deliveries(until_last=False)) as deliveries:
        async for record in deliveries:
            if not is_echo(record.data):
                yield record


class _Reading:
    """A reader whose deliveries are taken one by one; at most a portion and a half waits for that."""

    def __init__(self, requests: Requests, filters: Sequence[str], start_seq: int, consumer: str) -> None:
        self._waiting: deque[Delivery] = deque()
        self._arrived = asyncio.Event()
        self._reader = Reader(
            requests,
            filters,
            self._keep,
            start_seq=start_seq,
            waits=False,
            has_room=lambda: len(self._waiting) <= _HALF,
            consumer=consumer,
        )

    async def deliveries(self, *, until_last: bool) -> AsyncGenerator[Record]:
        """Yield until the server says that nothing is left; with `until_last`, as long as somebody asks."""
        await self._reader.start()
        pending = self._reader.pending
        try:
            while pending or until_last:
                if not self._waiting:
                    await self._arrival()
                record, pending = self._waiting.popleft()
                if len(self._waiting) == _HALF:
                    self._reader.more()
                yield record
        finally:
            await self._reader.stop()

    async def _arrival(self) -> None:
        self._arrived.clear()
        try:
            async with asyncio.timeout(STALL_S):
                await self._arrived.wait()
        except TimeoutError:
            raise Unreachable(
                f"the log sent nothing more for {STALL_S:g} s in the middle of a reading"
            ) from None

    def _keep(self, record: Record) -> None:
        self._waiting.append((record, self._reader.pending))
        self._arrived.set()


async def _newest(requests: Requests, filters: Sequence[str]) -> int:
    """Return the sequence of the newest matching record, as the leader of a replicated log knows it.

    Who serves a reader there may be behind the leader, and then says too early that nothing is left.
    """
    newest = 0
    for pattern in filters:
        record = await jetstream.message(requests, last_by_subj=pattern)
        newest = max(newest, 0 if record is None else record.seq)
    return newest
