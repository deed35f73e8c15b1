"""Reads the directory of principals, and again when it has changed; whom that ends, `directory` says.

A file that cannot be read changes nothing: who is known stays known. It must not know who is connected.
"""

import asyncio
from collections.abc import Callable

from interlock.bus.clock import now_ms
from interlock.bus.errors import BusError
from interlock.bus.logs import log
from interlock.bus.principals import Principals
from interlock.supervisor.access.directory import Cut, Directory, cuts

LOOK_S = 0.1
# Keys may be retired by time alone: the file need not change for that.
MOST_MS_BETWEEN = 1_000

Changed = Callable[[Directory, list[Cut]], None]


class WatchedDirectory:
    """The directory of one folder; raises BusError when it cannot be read at the beginning."""

    def __init__(self, principals: Principals) -> None:
        self._principals = principals
        self._stamp = principals.stamp()
        self.now = Directory(principals.read())
        self._at_ms = now_ms()
        self._watching: asyncio.Task[None] | None = None

    def watch(self, changed: Changed) -> None:
        """Call `changed` with the new directory, and with whom it cuts off, whenever there is one."""
        self._watching = asyncio.get_running_loop().create_task(self._watch(changed))

    async def stop(self) -> None:
        """Look no more."""
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)

    async def _watch(self, changed: Changed) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                self._look(changed)
            except Exception:
                log.exception("directory_not_looked_at")

    def _look(self, changed: Changed) -> None:
        at_ms = now_ms()
        found = self.now
        stamp = self._principals.stamp()
        if stamp != self._stamp:
            # Noted before it is read: whatever is written meanwhile is another change.
            self._stamp = stamp
            try:
                found = Directory(self._principals.read())
            except (BusError, OSError) as failure:
                log.error("directory_not_read", reason=str(failure))
                return
            log.info("directory_read", principals=len(found.principals))
        elif at_ms - self._at_ms < MOST_MS_BETWEEN:
            return
        ended = cuts(self.now, self._at_ms, found, at_ms)
        self.now, self._at_ms = found, at_ms
        changed(found, ended)
