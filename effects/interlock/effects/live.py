"""A model's answer as it comes, for whoever watches: few messages a second, none stored, any may be lost."""

import asyncio

from interlock.bus.errors import BusError
from interlock.bus.ports import Bus
from interlock.contracts.message import encode
from interlock.contracts.step import Progress
from interlock.contracts.subjects import live_subject

INTERVAL_S = 0.05
CHARS_MAX = 16_384


class Live:
    """The stream of one call; `tell` is called from the event loop only."""

    def __init__(self, bus: Bus, task: int, step: str) -> None:
        self._bus = bus
        self._subject = live_subject(task, step, bus.principal)
        self._waiting: list[str] = []
        self._chars = 0
        self._timer: asyncio.TimerHandle | None = None
        self._sending: set[asyncio.Task[None]] = set()

    def tell(self, text: str) -> None:
        """Show a piece soon; what is more than a person could read between two messages is left out."""
        if self._chars < CHARS_MAX:
            self._waiting.append(text[: CHARS_MAX - self._chars])
            self._chars += len(self._waiting[-1])
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(INTERVAL_S, self._flush)

    async def end(self) -> None:
        """Show at once what waits."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        await self._send()

    def _flush(self) -> None:
        self._timer = None
        sending = asyncio.get_running_loop().create_task(self._send())
        self._sending.add(sending)
        sending.add_done_callback(self._sending.discard)

    async def _send(self) -> None:
        text = "".join(self._waiting)
        self._waiting, self._chars = [], 0
        if not text:
            return
        try:
            await self._bus.send(
                self._subject, encode(Progress(principal=self._bus.principal, text=text, tokens=True))
            )
        except BusError:
            return
