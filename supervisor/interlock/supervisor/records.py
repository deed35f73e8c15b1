"""What inputs said, by sequence: kept while it is likely to be needed, else read from the log again."""

from collections import OrderedDict

from interlock.bus.ports import Log
from interlock.contracts.inputs import Input, read_record
from interlock.contracts.message import Message

MAX_KEPT = 4_096


class Records:
    """A bounded memory of inputs' bodies before the log."""

    def __init__(self, log: Log, *, max_kept: int = MAX_KEPT) -> None:
        self._log = log
        self._max_kept = max_kept
        self._bodies: OrderedDict[int, Message] = OrderedDict()

    def keep(self, said: Input) -> None:
        """Remember an input; the oldest is forgotten beyond the bound."""
        self._bodies[said.seq] = said.body
        if len(self._bodies) > self._max_kept:
            self._bodies.popitem(last=False)

    def at_hand(self, seq: int) -> Message | None:
        """Return a body that is in memory."""
        return self._bodies.get(seq)

    async def fetch(self, seq: int) -> Message | None:
        """Return a body from memory or from the log; None when no such record stands there."""
        body = self._bodies.get(seq)
        if body is None:
            record = await self._log.record(seq)
            if record is None:
                return None
            body = read_record(record.seq, record.time_ms, record.subject, record.data, record.time_us).body
        return body
