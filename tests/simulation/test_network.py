"""The simulated connection keeps the promises of the real one, and breaks where the real one breaks."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from interlock.bus.errors import LogFull, Superseded, Unreachable
from interlock.bus.memory import Capacity
from interlock.bus.ports import Message, Record
from interlock.console.simulation.chance import chance
from interlock.console.simulation.connection import SimulatedBus
from interlock.console.simulation.line import Weather
from interlock.console.simulation.loop import SimulatedLoop
from interlock.console.simulation.network import Network
from interlock.console.simulation.process import Process, SimulatedClock
from interlock.contracts.subjects import INPUTS, LEADS

SUBJECT = "interlock.in.a.task.submit"


class Net:
    """A network with two connections, `a` and `b`."""

    def __init__(self) -> None:
        self.loop = SimulatedLoop(chance("net"))  # type: ignore[abstract]  # no IO, on purpose
        self.network = Network(self.loop, "net")
        self.a = Process("a", SimulatedClock(self.loop))
        self.b = Process("b", SimulatedClock(self.loop))
        self.heard: list[str] = []

    def run(self, process: Process, main: Callable[[SimulatedBus], Coroutine[Any, Any, None]]) -> None:
        """Let a process connect and run; what it raises is heard."""

        async def whole() -> None:
            try:
                await main(await self.network.connect(process, process.name))
            except Exception as failure:  # noqa: BLE001 - a test looks at whatever it was
                self.heard.append(f"{type(failure).__name__}")

        self.loop.deliver(process, lambda: asyncio.ensure_future(whole()))

    async def follow(self, bus: SimulatedBus, consumer: str = "") -> None:
        def on_record(record: Record) -> None:
            self.heard.append(record.data.decode())

        await bus.follow([INPUTS], on_record, consumer=consumer)

    @property
    def log(self) -> list[str]:
        return [record.data.decode() for record in self.network.server.records]


@pytest.fixture
def net() -> Net:
    return Net()


def test_appends_arrive_in_call_order_and_are_read_in_that_order(net: Net) -> None:
    async def write(bus: SimulatedBus) -> None:
        acks = [bus.append_soon(SUBJECT, str(number).encode()) for number in range(20)]
        assert [(await ack).seq for ack in acks] == list(range(1, 21))

    net.run(net.b, net.follow)
    net.run(net.a, write)
    net.loop.advance(2)
    assert net.heard == net.log == [str(number) for number in range(20)]


def test_a_cut_fails_what_may_not_be_repeated_and_repeats_what_may(net: Net) -> None:
    # Given an append without a condition and one with a message id, both on their way
    async def write(bus: SimulatedBus) -> None:
        plain, named = bus.append_soon(SUBJECT, b"plain"), bus.append_soon(SUBJECT, b"named", message_id="1")
        with pytest.raises(Unreachable):
            await plain
        net.heard.append(f"named is record {(await named).seq}")

    net.run(net.a, write)
    net.loop.advance(0.5)
    net.heard.clear()
    net.network.server.records.clear()
    net.run(net.b, write)
    # When the connection breaks before they arrive
    net.network.set_weather("b", Weather(least_ms=50, most_ms=51))
    net.loop.advance(0.62)
    net.network.cut("b", 1.0)
    net.loop.advance(3)
    # Then the first is given up, and the second stands there once
    assert "plain" not in net.log
    assert net.log.count("named") <= 1
    assert len(net.heard) == 1


@pytest.mark.parametrize("consumer", ["", "controls"])
def test_a_reading_goes_on_after_a_break_and_misses_nothing(net: Net, consumer: str) -> None:
    async def write(bus: SimulatedBus) -> None:
        for number in range(10):
            await bus.append(SUBJECT, str(number).encode())
            await asyncio.sleep(0.5)

    net.run(net.b, lambda bus: net.follow(bus, consumer))
    net.run(net.a, write)
    net.loop.advance(1.2)
    net.network.cut("b", 2.0)
    net.loop.advance(10)
    assert net.heard == [str(number) for number in range(10)]


def test_signs_of_who_leads_can_be_lost_alone(net: Net) -> None:
    async def listen(bus: SimulatedBus) -> None:
        for subject in (LEADS, "x.>"):
            await bus.listen(subject, lambda message: net.heard.append(message.subject))

    async def send(bus: SimulatedBus) -> None:
        await asyncio.sleep(0.1)
        for subject in ("interlock.lead.a", "x.y"):
            bus.send_soon(subject, b"")

    net.network.set_weather("b", Weather(leads_lost=1.0))
    net.run(net.b, listen)
    net.run(net.a, send)
    net.loop.advance(1)
    assert net.heard == ["x.y"]


def test_what_is_not_stored_is_lost_and_doubled_by_the_weather(net: Net) -> None:
    async def listen(bus: SimulatedBus) -> None:
        def on_message(message: Message) -> None:
            net.heard.append(message.data.decode())

        await bus.listen("x.>", on_message)

    async def send(bus: SimulatedBus) -> None:
        await asyncio.sleep(0.1)
        for number in range(200):
            bus.send_soon("x.y", str(number).encode())

    net.network.set_weather("b", Weather(lost=0.3, doubled=0.3))
    net.run(net.b, listen)
    net.run(net.a, send)
    net.loop.advance(1)
    assert 100 < len(set(net.heard)) < 180
    assert len(net.heard) > len(set(net.heard)) + 20
    assert net.heard == sorted(net.heard, key=int), "one publisher's messages keep their order"


def test_a_lost_acknowledgement_of_a_conditional_append_is_asked_for_again(net: Net) -> None:
    async def write(bus: SimulatedBus) -> None:
        ack = await bus.append(SUBJECT, b"once", expected_subject_seq=0)
        net.heard.append(f"{ack.seq} {ack.duplicate}")

    net.network.set_weather("a", Weather(acks_lost=1.0))
    net.run(net.a, write)
    net.loop.advance(2)
    net.network.set_weather("a", Weather())
    net.loop.advance(6)
    assert net.log == ["once"]
    assert net.heard == ["1 True"]


def test_a_full_log_and_a_broken_condition_are_refused(net: Net) -> None:
    async def write(bus: SimulatedBus) -> None:
        with pytest.raises(Superseded):
            await bus.append(SUBJECT, b"late", expected_subject_seq=7)
        with pytest.raises(LogFull):
            await bus.append(SUBJECT, b"too much")
        net.heard.append("refused")

    net.network.server.capacity = Capacity(records=0)
    net.run(net.a, write)
    net.loop.advance(2)
    assert net.heard == ["refused"]


def test_of_what_a_killed_process_wrote_a_beginning_arrives(net: Net) -> None:
    lengths: set[int] = set()
    for _ in range(12):
        before = len(net.log)
        process = Process("c", SimulatedClock(net.loop))
        process.on_death = lambda process=process: net.network.died(process)  # type: ignore[misc]  # bound now

        async def write(bus: SimulatedBus) -> None:
            for number in range(6):
                bus.append_soon(SUBJECT, str(number).encode())
            net.heard.append("wrote")
            await asyncio.Event().wait()

        net.run(process, write)
        while "wrote" not in net.heard:
            net.loop.advance(net.loop.time() + 0.0001)
        net.heard.clear()
        process.kill()
        net.loop.advance(net.loop.time() + 1)
        written = net.log[before:]
        assert written == [str(number) for number in range(len(written))]
        lengths.add(len(written))
        process.bury()
    assert len(lengths) > 2


def test_a_process_that_is_cut_off_cannot_connect(net: Net) -> None:
    net.network.cut("a", 5.0)

    async def nothing(_bus: SimulatedBus) -> None:
        net.heard.append("connected")

    net.run(net.a, nothing)
    net.loop.advance(1)
    assert net.heard == ["Unreachable"]
