"""The beat of the supervisor that leads: who hears it knows that somebody decides.

It falls silent when this process is not sure any more that others hear it. It must not know what is decided.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from interlock.bus.clock import monotonic_ms
from interlock.bus.errors import BusError
from interlock.bus.logs import log
from interlock.bus.ports import Wire
from interlock.contracts.message import encode
from interlock.contracts.presence import Beat
from interlock.contracts.subjects import lead_subject

LEAD_BEAT_S = 0.5


class LeadBeat:
    """Beats in the name of a `life` that leads, as long as it is `sure`, from `start` to `stop`."""

    def __init__(self, wire: Wire, principal: str, life: str, sure: Callable[[], bool]) -> None:
        self._wire = wire
        self._subject = lead_subject(principal)
        self._life = life
        self._sure = sure
        self._task: asyncio.Task[None] | None = None
        self._due = asyncio.Event()

    def start(self) -> None:
        """Beat now, and then again and again."""
        self._task = asyncio.get_running_loop().create_task(self._keep_beating())

    def at_once(self) -> None:
        """Beat at once: somebody is new, and begins nothing before it has heard this."""
        self._due.set()

    async def stop(self) -> None:
        """Fall silent."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _keep_beating(self) -> None:
        while True:
            self._due.clear()
            if self._sure():
                await self._beat()
            with suppress(TimeoutError):
                async with asyncio.timeout(LEAD_BEAT_S):
                    await self._due.wait()

    async def _beat(self) -> None:
        try:
            await self._wire.send(self._subject, encode(Beat(incarnation=self._life, sent_ms=monotonic_ms())))
        except BusError as failure:
            log.warning("lead_not_shown", reason=str(failure))
