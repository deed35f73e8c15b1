"""Who beats and is not known: given up for silence while it lived on, behind a line that stood still.

It does not know that it was given up, so it will not say hello again; its last hello stands in the log. What
follows from a hello, nobody knows here.
"""

import asyncio
from collections.abc import Callable

from interlock.bus.errors import BusError
from interlock.bus.logs import log
from interlock.bus.ports import Log
from interlock.contracts.inputs import Input, read_record
from interlock.contracts.subjects import ROOT

# More than one beat: what a line held back arrives all at once.
STRANGE_MS = 1_500
NOBODY_MS = 60_000
MOST_NOTED = 4_096


class Strangers:
    """Calls `back` with the last hello of whoever goes on beating, unless it has said bye since."""

    def __init__(self, bus_log: Log, back: Callable[[Input], None]) -> None:
        self._log = bus_log
        self._back = back
        self._since_ms: dict[str, int] = {}
        self._looking: set[asyncio.Task[None]] = set()

    def known(self, principal: str) -> None:
        """Say that somebody is no stranger."""
        self._since_ms.pop(principal, None)

    def heard(self, principal: str, now_ms: int) -> None:
        """Note the beat of somebody who is not known."""
        if len(self._since_ms) >= MOST_NOTED:
            self._since_ms.clear()
        if now_ms - self._since_ms.setdefault(principal, now_ms) >= STRANGE_MS:
            # Nobody is looked up again soon; whoever comes back is known by then.
            self._since_ms[principal] = now_ms + NOBODY_MS
            looking = asyncio.get_running_loop().create_task(self._look_up(principal))
            self._looking.add(looking)
            looking.add_done_callback(self._looking.discard)

    def stop(self) -> None:
        """Look nobody up any more."""
        for looking in self._looking:
            looking.cancel()

    async def _look_up(self, principal: str) -> None:
        try:
            hello = await self._log.last(f"{ROOT}.in.{principal}.*.hello")
            bye = await self._log.last(f"{ROOT}.in.{principal}.*.bye")
        except BusError as failure:
            log.warning("stranger_not_looked_up", who=principal, reason=str(failure))
            self._since_ms.pop(principal, None)
            return
        if hello is not None and (bye is None or bye.seq < hello.seq):
            self._since_ms.pop(principal, None)
            self._back(read_record(hello.seq, hello.time_ms, hello.subject, hello.data, hello.time_us))
