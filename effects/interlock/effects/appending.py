"""Records on their way into the log: said again until they stand there. It does not know what they say."""

import asyncio
from collections.abc import Callable

from interlock.bus.errors import LogFull, Unreachable
from interlock.bus.logs import log
from interlock.bus.ports import Ack, Bus

OPEN_MAX = 4_096
FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 5.0
LATE_S = 0.1


class Appending:
    """The records that the log may not have yet, by their message ids."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._open: dict[str, tuple[float, Callable[[], None] | None]] = {}
        self._emptied = asyncio.Event()
        self._emptied.set()

    @property
    def full(self) -> bool:
        """Whether so many records wait that nothing should begin that leads to more."""
        return len(self._open) >= OPEN_MAX

    def append(
        self, subject: str, data: bytes, message_id: str, on_late: Callable[[], None] | None = None
    ) -> None:
        """Publish at once, and again while the server is away or its log full; other refusals are logged.

        `on_late` is called when the log has the record, unless that was so at once: the connection may have
        been away, and messages that were not stored may have been lost with it.
        """
        self._open[message_id] = (asyncio.get_running_loop().time() + LATE_S, on_late)
        self._emptied.clear()
        self._publish(subject, data, message_id, FIRST_PAUSE_S)

    async def settle(self, timeout_s: float) -> int:
        """Wait until the log has all records, at most so long; return how many it does not have."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._emptied.wait()
        except TimeoutError:
            log.warning("records_not_logged", count=len(self._open))
        return len(self._open)

    def _publish(self, subject: str, data: bytes, message_id: str, pause_s: float) -> None:
        def on_answer(appended: asyncio.Future[Ack]) -> None:
            error = None if appended.cancelled() else appended.exception()
            if isinstance(error, Unreachable | LogFull):
                log.warning("record_repeated", subject=subject, id=message_id, reason=str(error))
                longer_s = min(pause_s * 2, LONGEST_PAUSE_S)
                loop = asyncio.get_running_loop()
                loop.call_later(pause_s, self._publish, subject, data, message_id, longer_s)
                return
            if error is not None:
                log.error("record_refused", subject=subject, id=message_id, reason=str(error))
            late_at, on_late = self._open.pop(message_id)
            if not self._open:
                self._emptied.set()
            if on_late and error is None and asyncio.get_running_loop().time() > late_at:
                on_late()

        self._bus.append_soon(subject, data, message_id=message_id).add_done_callback(on_answer)
