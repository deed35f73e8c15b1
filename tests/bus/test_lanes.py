"""Lanes: who was refused without having been looked at goes again, in order, one at a time."""

import asyncio

from interlock.bus.append import Append
from interlock.bus.lanes import Lanes
from interlock.bus.ports import Ack

LEADER = "interlock.decision.leader"


def append(subject: str = "interlock.decision.7", on: str = LEADER) -> Append:
    answer: asyncio.Future[Ack] = asyncio.get_running_loop().create_future()
    return Append(subject, b"", 1, on, "", answer, 0.0)


class Road:
    """Lanes, and the tokens that they let go."""

    def __init__(self, gone: tuple[int, ...] = ()) -> None:
        self.went: list[int] = []
        self.lanes = Lanes(self._go)
        self._gone = gone
        self._moved = asyncio.Event()

    def _go(self, token: int) -> bool:
        if token in self._gone:
            return False
        self.went.append(token)
        self._moved.set()
        return True

    async def until(self, number: int) -> None:
        async with asyncio.timeout(5):
            while len(self.went) < number:
                self._moved.clear()
                await self._moved.wait()


async def test_nobody_is_held_up_while_nobody_was_refused() -> None:
    road = Road()
    assert not any(road.lanes.holds(token, append()) for token in range(1, 100))


async def test_refused_ones_go_again_in_order_and_one_at_a_time() -> None:
    # Given three that were refused, in another order than that of their calls
    road, each = Road(), append()
    for token in (2, 3, 1):
        road.lanes.busy(token, each)
    # Then a new one has to wait behind them
    assert road.lanes.holds(4, each)
    # And each goes when the one before has its answer
    for number in range(1, 5):
        await road.until(number)
        assert road.went == list(range(1, number + 1))
        road.lanes.over(number, each)


async def test_a_lane_that_has_emptied_lets_one_go_at_a_time() -> None:
    road, each = Road(), append()
    road.lanes.busy(1, each)
    await road.until(1)
    road.lanes.over(1, each)
    assert not road.lanes.holds(2, each)
    assert road.lanes.holds(3, each)


async def test_who_watches_another_subject_is_not_held_up() -> None:
    road = Road()
    road.lanes.busy(1, append())
    assert not road.lanes.holds(2, append(on=""))


async def test_nobody_waits_for_one_that_was_given_up() -> None:
    road, each = Road(gone=(1,)), append()
    road.lanes.busy(1, each)
    road.lanes.busy(2, each)
    await road.until(1)
    assert road.went == [2]


async def test_a_second_refusal_waits_longer() -> None:
    # Given one that is refused again and again
    road, each = Road(), append()
    loop = asyncio.get_running_loop()
    began = loop.time()
    for number in range(1, 6):
        road.lanes.busy(1, each)
        await road.until(number)
    # Then the pauses grew: 1 + 2 + 4 + 8 + 16 ms at least
    assert loop.time() - began >= 0.031
