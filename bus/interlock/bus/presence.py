"""Who is there: a process shows that it lives, and others notice who has gone silent.

A heartbeat may be lost; several in a row are silence. It must not know what follows from it.
"""

import asyncio
from collections.abc import Callable

from interlock.bus.clock import steady_ms
from interlock.bus.errors import BusError
from interlock.bus.logs import log
from interlock.bus.ports import Wire
from interlock.contracts.subjects import beat_subject

BEAT_S = 1.0
SILENT_MS = 3_500
LATE_MS = 2_500


class Beater:
    """Publishes a principal's heartbeat; `payload` is called before each and should be quick.

    `was_silent` is called before one that comes so late that the principal may have been given up.
    """

    def __init__(
        self,
        wire: Wire,
        principal: str,
        payload: Callable[[], bytes],
        *,
        every_s: float = BEAT_S,
        was_silent: Callable[[], None] | None = None,
    ) -> None:
        self._wire = wire
        self._subject = beat_subject(principal)
        self._payload = payload
        self._every_s = every_s
        self._was_silent = was_silent
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Beat now, and then again and again."""
        await self._beat()
        self._task = asyncio.get_running_loop().create_task(self._keep_beating())

    async def stop(self) -> None:
        """Fall silent."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _keep_beating(self) -> None:
        while True:
            since_ms = steady_ms()
            await asyncio.sleep(self._every_s)
            silent_ms = steady_ms() - since_ms
            if self._was_silent is not None and silent_ms > LATE_MS:
                log.warning("was_silent", subject=self._subject, silent_ms=silent_ms)
                self._was_silent()
            await self._beat()

    async def _beat(self) -> None:
        try:
            await self._wire.send(self._subject, self._payload())
        except BusError as failure:
            log.warning("beat_not_sent", subject=self._subject, reason=str(failure))


class Attendance:
    """When each principal was heard last, in monotonic ms that are passed in; reads no clock itself."""

    def __init__(self, *, silent_ms: int = SILENT_MS) -> None:
        self._silent_ms = silent_ms
        self._heard_ms: dict[str, int] = {}

    def heard(self, principal: str, now_ms: int) -> None:
        """Note a sign of life."""
        self._heard_ms[principal] = now_ms

    def forget(self, principal: str) -> None:
        """Expect nothing more of a principal; somebody unknown is no error."""
        self._heard_ms.pop(principal, None)

    def heard_at_ms(self, principal: str) -> int | None:
        """Return when a principal was heard last, or None."""
        return self._heard_ms.get(principal)

    def silent(self, now_ms: int) -> list[str]:
        """Return who has not been heard for longer than the bound, the longest silence first."""
        since = now_ms - self._silent_ms
        late = [principal for principal, heard in self._heard_ms.items() if heard < since]
        return sorted(late, key=lambda principal: (self._heard_ms[principal], principal))
