"""Keeps the limits on the bus as a file says them, and follows the file's changes.

Only what differs is said. A file that cannot be read or does not do changes nothing. A scope that the file no
longer names is freed of the limits that the file gave it; what people set for scopes that it does not name
stays.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from pathlib import Path

from interlock.bus.errors import BusError
from interlock.bus.logs import log
from interlock.bus.ports import Bus
from interlock.console.budgets.dimensions import said_budget
from interlock.console.budgets.file import read_file
from interlock.console.budgets.shared import FILE_REASON, Standing, all_standing, set_limits
from interlock.console.environment import Reach, connected
from interlock.console.errors import BadInput
from interlock.console.sayings import decided
from interlock.contracts.control import SetLimits

LOOK_S = 0.25
NONE = SetLimits()

Tell = Callable[[str], None]
Print = tuple[int, int, int, int] | None


class LimitsFile:
    """One limits file and the bus. It speaks in the name of whoever is connected."""

    def __init__(self, bus: Bus, path: Path, tell: Tell) -> None:
        self._bus = bus
        self._path = path
        self._tell = tell
        self._reason = f"{FILE_REASON}{path.name}"
        self._taken: Print = None
        self._seen: Print = None

    async def begin(self) -> None:
        """Let the file hold; raises BadInput when it does not do, and BusError."""
        self._taken = self._seen = fingerprint(self._path)
        await self._apply(await asyncio.to_thread(read_file, self._path))

    async def watch(self) -> None:
        """Follow the file until cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            await self.look()

    async def look(self) -> None:
        """Take up a change, once the file looks the same twice: who writes it may not be done yet."""
        before, self._seen = self._seen, fingerprint(self._path)
        if self._seen == self._taken or self._seen != before:
            return
        try:
            wanted = await asyncio.to_thread(read_file, self._path)
            await self._apply(wanted)
        except BadInput as error:
            log.warning("limits_file_refused", reason=str(error))
            self._tell(f"the limits stay as they are: {error}")
        except BusError as error:
            log.warning("limits_file_not_applied", reason=str(error))
            return
        self._taken = self._seen

    async def _apply(self, wanted: dict[str, SetLimits]) -> None:
        known = await all_standing(self._bus)
        gone = (
            scope
            for scope, stands in known.items()
            if scope not in wanted and stands.limits.reason == self._reason
        )
        last_seq = 0
        for scope, limits in (*wanted.items(), *((scope, NONE) for scope in gone)):
            if known.get(scope, Standing(NONE)).differs(limits):
                last_seq = await self._set(scope, limits)
        if last_seq and await decided(self._bus, 0, last_seq) is None:
            self._tell("the limits stand in the log, but no supervisor has decided on them yet")

    async def _set(self, scope: str, limits: SetLimits) -> int:
        named = SetLimits(total=limits.total, day=limits.day, reason=self._reason)
        seq, _ = await set_limits(self._bus, scope, lambda _: named)
        words = said_budget(limits.total, limits.day)
        log.info("limits_set", scope=scope, limits=words, file=str(self._path), record=seq)
        self._tell(f"{self._path.name}: {scope}: {words}")
        return seq


def fingerprint(path: Path) -> Print:
    """Return what changes when a file is written, replaced or made readable; None when there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino


@contextlib.asynccontextmanager
async def watched(reach: Reach, path: Path, tell: Tell) -> AsyncGenerator["asyncio.Task[None]"]:
    """Let a limits file hold while the context is open; yields the watching."""
    async with connected(reach) as bus:
        file = LimitsFile(bus, path, tell)
        await file.begin()
        watching = asyncio.create_task(file.watch())
        try:
            yield watching
        finally:
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching
