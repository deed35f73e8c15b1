"""One channel's way through the log: reads decisions, picks the news that it is for, has them delivered.

The log is its queue: it reads on when a notice has arrived or was given up, so what waits is bounded, and a
channel that hangs delays no other. It must not know by which way a notice goes.
"""

import asyncio

from interlock.bus.jetstream import Refusal
from interlock.bus.logs import log
from interlock.bus.ports import Bus, Record, Subscription
from interlock.console.notifying.couriers import Courier
from interlock.console.notifying.errors import NotDelivered
from interlock.console.notifying.notice import Notice
from interlock.console.notifying.patience import Patience, insist
from interlock.console.notifying.position import Position
from interlock.console.notifying.questions import News, Questions
from interlock.console.notifying.settings import Chat, Mail, Webhook
from interlock.contracts.errors import ContractError
from interlock.contracts.subjects import DECISIONS

LOOK_S = 0.25
MOST_WAITING = 64


class Channel:
    """One channel of a notifier."""

    def __init__(
        self,
        name: str,
        settings: Webhook | Chat | Mail,
        courier: Courier,
        position: Position,
        questions: Questions,
        patience: Patience,
    ) -> None:
        self._name = name
        self._settings = settings
        self._courier = courier
        self._position = position
        self._questions = questions
        self._patience = patience
        self._reading: Subscription | None = None
        self._waiting: asyncio.Queue[Record] = asyncio.Queue(MOST_WAITING)
        self._teller: asyncio.Task[None] | None = None
        self._busy = False
        self._stopped = False

    async def start(self, bus: Bus) -> None:
        """Tell everything from where it was; at the very first, only what comes from now on.

        Raises BadInput when its position cannot be read, BusError when the log cannot.
        """
        reached = self._position.read()
        last_seq = await _last_seq(bus)
        if reached is None or reached > last_seq:
            if reached is not None:
                log.warning("another_log", channel=self._name, was_at=reached, ends_at=last_seq)
            reached = last_seq if reached is None else 0
            self._position.begin(reached)
        self._teller = asyncio.create_task(self._keep_telling())
        self._reading = await bus.follow([DECISIONS], self._on_record, start_seq=reached + 1)
        log.info("channel_open", channel=self._name, from_seq=reached + 1)

    async def broken(self) -> None:
        """Wait until it cannot go on; raises why."""
        if self._teller is not None:
            await asyncio.shield(self._teller)

    async def stop(self) -> None:
        """Tell nothing more; what is on its way and does not arrive at once is told again next time."""
        self._stopped = True
        if self._reading is not None:
            await self._reading.stop()
        if self._teller is not None:
            if self._busy:
                await asyncio.wait({self._teller}, timeout=self._patience.parting_s)
            self._teller.cancel()
            await asyncio.gather(self._teller, return_exceptions=True)
        while not self._waiting.empty():
            self._waiting.get_nowait()
        self._position.keep()
        await self._courier.close()

    async def _on_record(self, record: Record) -> None:
        if not self._stopped:
            await self._waiting.put(record)

    async def _keep_telling(self) -> None:
        while not self._stopped:
            record = await self._waiting.get()
            self._busy = True
            await self._take(record)
            self._busy = False

    async def _take(self, record: Record) -> None:
        try:
            found = await self._questions.news_of(record)
        except ContractError as error:
            self._complain("decision_unreadable", error, seq=record.seq)
            found = []
        for news in found:
            if self._stopped:
                return
            if self._is_for(news) and not self._position.was_told(news.notice.id):
                await self._tell(news.notice)
                self._position.told(news.notice.id)
        self._position.passed(record.seq)

    def _is_for(self, news: News) -> bool:
        own = self._settings
        return (
            news.notice.what in own.news
            and (not own.kinds or news.notice.kind in own.kinds)
            and (not own.desks or not news.desks.isdisjoint(own.desks))
        )

    async def _tell(self, notice: Notice) -> None:
        def delayed(failure: NotDelivered) -> None:
            log.warning("notice_delayed", channel=self._name, notice=notice.id, reason=str(failure))

        try:
            await insist(lambda: self._courier.deliver(notice), self._patience, delayed)
        except NotDelivered as error:
            self._complain("notice_given_up", error, notice=notice.id)
        else:
            log.info("notice_told", channel=self._name, notice=notice.id)

    def _complain(self, event: str, error: Exception, **about: str | int) -> None:
        log.error(event, channel=self._name, **about, reason=str(error))


async def _last_seq(bus: Bus) -> int:
    """Return where the log ends (0: it has yet to begin), as soon as there is one."""
    began = True
    while True:
        try:
            last_seq = await bus.last_seq()
        except Refusal:
            began = False
            await asyncio.sleep(LOOK_S)
        else:
            return last_seq if began else 0
