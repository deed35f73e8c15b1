"""A bounded reading: the records that stand in the log now; it must not know what they mean."""

import asyncio
from collections.abc import AsyncIterator, Sequence

from interlock.bus import jetstream
from interlock.bus.echoes import is_echo
from interlock.bus.errors import Unreachable
from interlock.bus.ports import Record
from interlock.bus.reader import PORTION, Reader
from interlock.bus.requests import Requests

STALL_S = 30.0

Delivery = tuple[Record, int]


async def history(
    requests: Requests, filters: Sequence[str], *, start_seq: int, consumer: str = ""
) -> AsyncIterator[Record]:
    """Yield the matching records up to the newest there now; raise Unreachable on a standstill."""
    if consumer:
        async for record in _as_counted(requests, filters, start_seq, consumer):
            yield record
        return
    info = await jetstream.stream_info(requests)
    last = await _newest(requests, filters) if info.replicated else info.last_seq
    if start_seq > last:
        return
    deliveries: asyncio.Queue[Delivery] = asyncio.Queue(PORTION)

    async def keep(record: Record) -> None:
        await deliveries.put((record, reader.pending))

    reader = Reader(requests, filters, keep, start_seq=start_seq)
    await reader.start()
    pending = reader.pending
    try:
        while pending or info.replicated:
            record, pending = await _next(deliveries)
            if record.seq > last:
                return
            if not is_echo(record.data):
                yield record
            if record.seq == last:
                return
    finally:
        await reader.stop()
        # A handler may still wait for room.
        while not deliveries.empty():
            deliveries.get_nowait()


async def _as_counted(
    requests: Requests, filters: Sequence[str], start_seq: int, consumer: str
) -> AsyncIterator[Record]:
    """Yield what the reader itself says is there: who has a named one may ask for nothing else."""
    deliveries: asyncio.Queue[Delivery] = asyncio.Queue(PORTION)

    async def keep(record: Record) -> None:
        await deliveries.put((record, reader.pending))

    reader = Reader(requests, filters, keep, start_seq=start_seq, consumer=consumer)
    await reader.start()
    pending = reader.pending
    try:
        while pending:
            record, pending = await _next(deliveries)
            if not is_echo(record.data):
                yield record
    finally:
        await reader.stop()
        while not deliveries.empty():
            deliveries.get_nowait()


async def _newest(requests: Requests, filters: Sequence[str]) -> int:
    """Return the sequence of the newest matching record, as the leader of a replicated log knows it.

    Who serves a reader there may be behind the leader, and then says too early that nothing is left.
    """
    newest = 0
    for pattern in filters:
        record = await jetstream.message(requests, last_by_subj=pattern)
        newest = max(newest, 0 if record is None else record.seq)
    return newest


async def _next(deliveries: "asyncio.Queue[Delivery]") -> Delivery:
    if not deliveries.empty():
        return deliveries.get_nowait()
    try:
        async with asyncio.timeout(STALL_S):
            return await deliveries.get()
    except TimeoutError:
        raise Unreachable(f"the log sent nothing more for {STALL_S:g} s in the middle of a reading") from None
