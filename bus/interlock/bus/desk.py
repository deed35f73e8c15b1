"""The receiving side of dispatches: takes each once, and says so; it must not know what is dispatched.

Answers wait a moment for company, so that one message can say "taken" of many: an asker repeats a dispatch
much later than that. An answer goes where answers go and nowhere else, or whoever dispatches could name a
subject on which this principal says something else.
"""

import asyncio
from collections.abc import Callable

from interlock.bus.dispatch import ALREADY, ANSWERS, TAKEN
from interlock.bus.errors import BusError, NotNow
from interlock.bus.logs import log
from interlock.bus.ports import Bus, Message, Subscription
from interlock.contracts.subjects import dispatch_subject

ANSWER_S = 0.05

Take = Callable[[bytes], bool]


class Desk:
    """Where one principal is told what to do.

    `take(data)` answers True for something new and False for what it has already. When it raises, that is
    logged and nothing is answered: the dispatch comes again. NotNow is no fault, and logged in one line.
    """

    def __init__(self, bus: Bus, take: Take) -> None:
        self._bus = bus
        self._take = take
        self._subscription: Subscription | None = None
        self._answers: dict[tuple[str, bytes], dict[str, None]] = {}
        self._answering: asyncio.TimerHandle | None = None

    async def start(self) -> None:
        """Listen; raise NotPermitted when this principal may not."""
        self._subscription = await self._bus.listen(dispatch_subject(self._bus.principal), self._on_message)

    async def stop(self) -> None:
        """Take nothing more; what was taken is answered."""
        if self._subscription is not None:
            await self._subscription.stop()
        self._answer()

    def _on_message(self, message: Message) -> None:
        try:
            new = self._take(message.data)
        except NotNow as reason:
            log.info("dispatch_not_taken", principal=self._bus.principal, reason=str(reason))
            return
        except Exception:
            log.exception("dispatch_take_failed", principal=self._bus.principal)
            return
        word = TAKEN if new else ALREADY
        if message.reply.startswith(ANSWERS):
            asker, _, token = message.reply.rpartition(".")
            self._answers.setdefault((asker, word), {})[token] = None
            if self._answering is None:
                self._answering = asyncio.get_running_loop().call_later(ANSWER_S, self._answer)

    def _answer(self) -> None:
        """Answer to the first token's subject; the others stand in the message."""
        if self._answering is not None:
            self._answering.cancel()
            self._answering = None
        answers, self._answers = self._answers, {}
        for (asker, word), (first, *others) in answers.items():
            try:
                self._bus.send_soon(f"{asker}.{first}", b" ".join((word, *map(str.encode, others))))
            except BusError as failure:
                log.warning("dispatch_not_answered", asker=asker, reason=str(failure))
