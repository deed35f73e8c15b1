"""Keeps what people are asked up to date while the inbox is open; how that looks it must not know."""

from collections.abc import Callable

from interlock.bus.ports import Bus, Record, Subscription
from interlock.console.people.asked import Asked
from interlock.console.people.docket import Docket, concerns
from interlock.contracts.decision import Decision
from interlock.contracts.errors import ContractError
from interlock.contracts.message import decode
from interlock.contracts.subjects import DECISIONS


class Live:
    """The docket, as the log tells it; `on_change` is called with what has changed, once it is up to date."""

    def __init__(self, bus: Bus, on_change: Callable[[list[Asked]], None]) -> None:
        self.docket = Docket()
        self.unreadable = ""
        self.last_seq = 0
        self._bus = bus
        self._on_change = on_change
        self._known_seq = 0
        self._following: Subscription | None = None

    @property
    def is_up_to_date(self) -> bool:
        """Whether everything is read that stood in the log at the beginning."""
        return self.last_seq >= self._known_seq

    async def start(self) -> None:
        """Begin to follow from the beginning of the log."""
        newest = await self._bus.last(DECISIONS)
        self._known_seq = newest.seq if newest else 0
        self._following = await self._bus.follow([DECISIONS], self._take)
        if self.is_up_to_date:
            self._on_change([])

    async def stop(self) -> None:
        """Follow no more."""
        if self._following is not None:
            await self._following.stop()

    def _take(self, record: Record) -> None:
        if record.seq <= self.last_seq:
            return
        was_up_to_date, self.last_seq = self.is_up_to_date, record.seq
        changed: list[Asked] = []
        if concerns(record.data):
            try:
                changed = self.docket.take(decode(Decision, record.data))
            except ContractError as error:
                self.unreadable = f"record {record.seq} cannot be read: {error}"
                self._on_change([])
        if self.is_up_to_date and (changed or not was_up_to_date):
            self._on_change(changed if was_up_to_date else [])
