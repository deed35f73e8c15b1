"""How long agents have to confirm: by this process's clock, and no longer than they can be heard."""

import asyncio

from immutables import Map

from interlock.supervisor.core.kill import Stopping
from interlock.supervisor.patience import Patience

GRACE_MS = 30


class Waiting:
    """Patience with somebody who says who was late."""

    def __init__(self) -> None:
        self.late: list[str] = []
        self.hears = True
        self.asked = 0
        self.changed = asyncio.Event()
        self.patience = Patience(self._over, self._hears, grace_ms=GRACE_MS)

    def _hears(self) -> bool:
        self.asked += 1
        self.changed.set()
        return self.hears

    def _over(self, principal: str) -> None:
        self.late.append(principal)
        self.changed.set()

    def expect(self, *names: str) -> None:
        self.patience.expect(Map({(n, "a"): Stopping(name, "i", 1, 9) for n, name in enumerate(names)}))

    async def somebody_is_late(self) -> None:
        async with asyncio.timeout(5):
            while not self.late:
                self.changed.clear()
                await self.changed.wait()

    async def asked_again(self, times: int) -> None:
        """Wait until it was asked so often whether everything was heard."""
        async with asyncio.timeout(5):
            while self.asked < times:
                self.changed.clear()
                await self.changed.wait()


async def test_who_does_not_confirm_in_time_is_late_once() -> None:
    waiting = Waiting()
    loop = asyncio.get_running_loop()
    began = loop.time()
    waiting.expect("researcher-1")
    await waiting.somebody_is_late()
    assert loop.time() - began >= GRACE_MS / 1_000 - 0.002
    assert waiting.late == ["researcher-1"]


async def test_who_confirms_is_not_late_and_others_are() -> None:
    waiting = Waiting()
    waiting.expect("researcher-1", "researcher-2")
    waiting.patience.expect(Map({(1, "a"): Stopping("researcher-2", "i", 1, 9)}))
    await waiting.somebody_is_late()
    assert waiting.late == ["researcher-2"]


async def test_a_process_that_was_held_up_itself_begins_to_count_anew() -> None:
    waiting = Waiting()
    waiting.expect("researcher-1")
    # Given a process in which nothing ran for a while
    loop = asyncio.get_running_loop()
    held_until = loop.time() + 0.2
    while loop.time() < held_until:
        pass
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    # Then what was said meanwhile can still be read
    assert not waiting.late
    await waiting.somebody_is_late()
    assert loop.time() - held_until >= GRACE_MS / 1_000 - 0.002


async def test_while_not_everything_was_heard_nobody_is_late() -> None:
    waiting = Waiting()
    waiting.hears = False
    waiting.expect("researcher-1")
    await waiting.asked_again(3)
    assert not waiting.late
    waiting.hears = True
    await waiting.somebody_is_late()


async def test_when_it_is_stopped_nobody_is_late() -> None:
    waiting = Waiting()
    waiting.expect("researcher-1")
    waiting.patience.stop()
    # And somebody else's time is over after that of the first would have been
    other = Waiting()
    other.expect("researcher-2")
    await other.somebody_is_late()
    assert not waiting.late
