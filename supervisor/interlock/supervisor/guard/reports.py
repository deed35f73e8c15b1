"""What the guard says on the log: said again until it stands there, and kept while there is no bus."""

import asyncio
from collections.abc import Callable

from interlock.bus.errors import BusError, Busy, LogFull, Unreachable
from interlock.bus.logs import log
from interlock.bus.ports import Ack, Bus
from interlock.contracts.message import Message, encode
from interlock.contracts.subjects import input_subject

MOST_OPEN = 4_096
FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 5.0


class Reports:
    """The records that the log may not have yet; of too many, the oldest is given up for a new one."""

    def __init__(self, principal: str, incarnation: str) -> None:
        self._principal = principal
        self._incarnation = incarnation
        self._bus: Bus | None = None
        self._open: dict[int, tuple[str, bytes]] = {}
        self._last = 0
        self._emptied = asyncio.Event()
        self._emptied.set()

    def join(self, bus: Bus) -> None:
        """Say on this bus what waits, and whatever comes."""
        self._bus = bus
        for number in tuple(self._open):
            self._publish(number, FIRST_PAUSE_S)

    def say(self, verb: str, message: Message) -> None:
        """Say one thing."""
        if len(self._open) >= MOST_OPEN:
            subject, _ = self._open.pop(next(iter(self._open)))
            log.error("report_given_up", subject=subject)
        self._last += 1
        self._open[self._last] = input_subject(self._principal, "guard", verb), encode(message)
        self._emptied.clear()
        self._publish(self._last, FIRST_PAUSE_S)

    async def settle(self, timeout_s: float) -> None:
        """Wait until the log has all of them, at most so long."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._emptied.wait()
        except TimeoutError:
            log.warning("reports_not_logged", count=len(self._open))

    def _publish(self, number: int, pause_s: float) -> None:
        if self._bus is None or number not in self._open:
            return
        subject, data = self._open[number]
        try:
            appending = self._bus.append_soon(subject, data, message_id=f"{self._incarnation}.{number}")
        except BusError as error:
            self._answered(number, pause_s, error)
            return
        appending.add_done_callback(self._on_answer(number, pause_s))

    def _on_answer(self, number: int, pause_s: float) -> Callable[[asyncio.Future[Ack]], None]:
        def on_answer(appended: asyncio.Future[Ack]) -> None:
            self._answered(number, pause_s, None if appended.cancelled() else appended.exception())

        return on_answer

    def _answered(self, number: int, pause_s: float, error: BaseException | None) -> None:
        if isinstance(error, Unreachable | LogFull | Busy):
            longer_s = min(pause_s * 2, LONGEST_PAUSE_S)
            asyncio.get_running_loop().call_later(pause_s, self._publish, number, longer_s)
            return
        if error is not None:
            log.error("report_refused", principal=self._principal, reason=str(error))
        self._open.pop(number, None)
        if not self._open:
            self._emptied.set()
