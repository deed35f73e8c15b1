"""A supervisor that leads as far as effect workers hear: it beats, and repeats what nobody has taken."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator

from interlock.bus.dispatch import Dispatcher
from interlock.bus.nats_bus import NatsBus
from interlock.contracts.message import encode
from interlock.contracts.presence import Beat
from interlock.contracts.subjects import lead_subject

EVERY_S = 0.2
PADDING = 64
PADDING_BYTES = 64 * 1024


class Lead:
    """Beats until it is told to fall silent; `dispatcher` sends."""

    def __init__(self, bus: NatsBus) -> None:
        self.dispatcher = Dispatcher(bus, bus.principal, lambda _key, _principal: None, times=1_000)
        self._bus = bus
        self._timer: asyncio.TimerHandle | None = None
        self._beaten = asyncio.Semaphore(0)

    def beat(self) -> None:
        """Beat now, and again and again."""
        self._bus.send_soon(lead_subject(self._bus.principal), encode(Beat(incarnation="a life")))
        self._beaten.release()
        self._timer = asyncio.get_running_loop().call_later(EVERY_S, self.beat)

    def fill(self) -> None:
        """Say so much to effect workers that they do not read it in one go with what comes after it."""
        for _ in range(PADDING):
            self._bus.send_soon(lead_subject(self._bus.principal), b" " * PADDING_BYTES)

    async def beats_for(self, seconds: float) -> None:
        """Wait until it has beaten for so long from now on."""
        self._beaten = asyncio.Semaphore(0)
        for _ in range(round(seconds / EVERY_S) + 1):
            await self._beaten.acquire()

    def fall_silent(self) -> None:
        if self._timer is not None:
            self._timer.cancel()


@contextlib.asynccontextmanager
async def leading(bus: NatsBus) -> AsyncGenerator[Lead]:
    lead = Lead(bus)
    await lead.dispatcher.start()
    lead.beat()
    try:
        yield lead
    finally:
        lead.fall_silent()
        await lead.dispatcher.stop()
