"""The receiving side of dispatches: takes each once, and says so; it must not know what is dispatched."""

from collections.abc import Callable

import structlog

from interlock.bus.dispatch import ALREADY, TAKEN
from interlock.bus.ports import Bus, Message, Subscription
from interlock.contracts.subjects import dispatch_subject

log = structlog.get_logger()

Take = Callable[[bytes], bool]


class Desk:
    """Where one principal is told what to do.

    `take(data)` answers True for something new and False for what it has already. When it raises, that is
    logged and nothing is answered: the dispatch comes again.
    """

    def __init__(self, bus: Bus, take: Take) -> None:
        self._bus = bus
        self._take = take
        self._subscription: Subscription | None = None

    async def start(self) -> None:
        """Listen; raise NotPermitted when this principal may not."""
        self._subscription = await self._bus.listen(dispatch_subject(self._bus.principal), self._on_message)

    async def stop(self) -> None:
        """Take nothing more."""
        if self._subscription is not None:
            await self._subscription.stop()

    async def _on_message(self, message: Message) -> None:
        try:
            new = self._take(message.data)
        except Exception:
            log.exception("dispatch_take_failed", principal=self._bus.principal)
            return
        if message.reply:
            await self._bus.send(message.reply, TAKEN if new else ALREADY)
