"""The loop and its processes: virtual time, order, death without a last word, and frozen time."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from interlock.bus import clock
from interlock.console.simulation.chance import chance
from interlock.console.simulation.loop import SimulatedLoop
from interlock.console.simulation.process import EPOCH_MS, Process, SimulatedClock


class Bench:
    """A loop with processes."""

    def __init__(self, seed: int = 1) -> None:
        self.loop = SimulatedLoop(chance(seed, "order"))  # type: ignore[abstract]  # no IO, on purpose
        self.said: list[str] = []

    def process(self, name: str) -> Process:
        return Process(name, SimulatedClock(self.loop))

    def run(self, process: Process, main: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self.loop.deliver(process, lambda: asyncio.ensure_future(main()))


def test_time_jumps_and_nobody_waits() -> None:
    bench = Bench()
    process = bench.process("a")

    async def main() -> None:
        await asyncio.sleep(3_600)
        bench.said.append(f"{asyncio.get_running_loop().time():g}")
        async with asyncio.timeout(5):
            await asyncio.sleep(1)
        bench.said.append(f"{clock.now_ms() - EPOCH_MS}")

    bench.run(process, main)
    bench.loop.advance(10_000)
    assert bench.said == ["3600", "3601000"]
    assert bench.loop.time() == 10_000


def test_each_process_has_its_own_clock() -> None:
    bench = Bench()
    late, true = bench.process("late"), bench.process("true")
    late.clock.offset_ms = -5_000
    late.clock.drift = 0.5

    async def main() -> None:
        await asyncio.sleep(10)
        bench.said.append(str(clock.now_ms() - EPOCH_MS))

    for process in (late, true):
        bench.run(process, main)
    bench.loop.advance(11)
    assert sorted(bench.said) == ["10000", "10000"]
    assert late.clock.monotonic_ms() == 16_500


def test_callbacks_of_a_process_keep_their_order_and_those_of_several_are_mixed() -> None:
    orders: set[str] = set()
    for seed in range(20):
        bench = Bench(seed)
        for name in "ab":
            process = bench.process(name)
            for number in range(3):
                bench.loop.deliver(process, bench.said.append, f"{name}{number}")
        bench.loop.advance(1)
        assert [word for word in bench.said if word[0] == "a"] == ["a0", "a1", "a2"]
        orders.add(" ".join(bench.said))
    assert len(orders) > 5


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_a_killed_process_says_no_last_word(steps: int) -> None:
    # Given a process with everything that could run at its end
    bench = Bench()
    process = bench.process("a")

    async def main() -> None:
        try:
            for turn in range(5):
                bench.said.append(f"turn {turn}")
                await asyncio.sleep(0)
        finally:
            bench.said.append("a last word")

    bench.run(process, main)
    # When it is killed after some callbacks
    process.kill_after(steps)
    bench.loop.advance(1)
    # Then it has come so far and no further
    assert bench.said == [f"turn {turn}" for turn in range(steps - 1)]
    assert process.dead
    process.bury()


def test_a_frozen_process_goes_on_where_it_was() -> None:
    bench = Bench()
    process = bench.process("a")

    async def main() -> None:
        await asyncio.sleep(1)
        bench.said.append(f"{asyncio.get_running_loop().time():g}")

    bench.run(process, main)
    bench.loop.advance(0.5)
    process.frozen = True
    bench.loop.advance(9)
    assert not bench.said
    bench.loop.thaw(process)
    bench.loop.advance(10)
    assert bench.said == ["9"]


def test_what_a_process_raises_is_heard_of() -> None:
    bench = Bench()
    found: list[str] = []
    bench.loop.on_broken = lambda process, failure: found.append(f"{process.name}: {failure}")
    bench.loop.deliver(bench.process("a"), int, "x")
    bench.loop.advance(1)
    assert len(found) == 1
    assert found[0].startswith("a: invalid literal")
