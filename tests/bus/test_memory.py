"""What the in-memory twin can that no server can: its clock, its seam, its determinism."""

import pytest
from tests.bus.conftest import Collected

from interlock.bus.memory import Deliver, MemoryServer
from interlock.bus.memory_bus import MemoryBus
from interlock.bus.ports import Message, Record

SUBMIT = "interlock.in.alice.task.submit"


class Clock:
    def __init__(self) -> None:
        self.now_ms = 1_000

    def __call__(self) -> int:
        return self.now_ms


async def test_records_carry_the_time_of_the_given_clock() -> None:
    clock = Clock()
    bus = MemoryBus(MemoryServer(clock), "alice")
    await bus.append(SUBMIT, b"")
    clock.now_ms = 2_000
    await bus.append(SUBMIT, b"")
    assert [record.time_ms async for record in bus.history([SUBMIT])] == [1_000, 2_000]


async def test_a_message_id_is_forgotten_after_the_window() -> None:
    clock = Clock()
    bus = MemoryBus(MemoryServer(clock), "alice")
    assert not (await bus.append(SUBMIT, b"", message_id="m1")).duplicate
    clock.now_ms += 119_999
    assert (await bus.append(SUBMIT, b"", message_id="m1")).duplicate
    clock.now_ms += 1
    assert not (await bus.append(SUBMIT, b"", message_id="m1")).duplicate


async def test_the_seam_drops_doubles_and_delays_unstored_messages_only() -> None:
    # Given an adversary that drops the first delivery, doubles the second, and keeps the third
    kept: list[Deliver] = []

    def carry(message: Message, deliver: Deliver) -> None:
        if message.data == b"2":
            deliver()
            deliver()
        elif message.data == b"3":
            kept.append(deliver)

    server = MemoryServer(Clock(), carry=carry)
    bus = MemoryBus(server, "alice")
    heard: Collected[Message] = Collected()
    seen: Collected[Record] = Collected()
    await bus.listen("interlock.>", heard.take)
    await bus.follow(["interlock.>"], seen.take)
    # When three records are appended
    for number in (b"1", b"2", b"3"):
        await bus.append(SUBMIT, number)
    # Then listeners hear what the adversary lets them, and readers of the log miss nothing
    assert [message.data for message in await heard.count(2)] == [b"2", b"2"]
    assert [record.data for record in await seen.count(3)] == [b"1", b"2", b"3"]
    kept.pop()()
    assert (await heard.count(3))[-1].data == b"3"


async def test_the_same_calls_give_the_same_deliveries() -> None:
    async def run() -> list[tuple[str, bytes]]:
        server = MemoryServer(Clock())
        buses = [MemoryBus(server, name) for name in ("a", "b", "c")]
        order: Collected[tuple[str, bytes]] = Collected()
        for bus in buses:

            async def note(thing: Message | Record, name: str = bus.principal) -> None:
                await order.take((name, thing.data))

            await bus.listen("interlock.>", note)
            await bus.follow(["interlock.>"], note)
        for number in range(20):
            buses[number % 3].append_soon(SUBMIT, b"%d" % number)
        return await order.count(120)

    assert await run() == await run()


@pytest.mark.parametrize("pattern", ["interlock.beat.a", "interlock.beat.*", "interlock.>"])
def test_who_begins_and_ends_to_listen_is_noticed_though_the_subject_is_known(pattern: str) -> None:
    # Given a subject on which something was said, and who hears it is known
    server, heard = MemoryServer(Clock()), list[bytes]()
    assert not server.send(Message("interlock.beat.a", b"1"))
    # When somebody listens, and then no more
    ear = server.listen(pattern, lambda message: heard.append(message.data))
    assert server.send(Message("interlock.beat.a", b"2"))
    server.unlisten(ear)
    # Then they have heard what was said in between
    assert not server.send(Message("interlock.beat.a", b"3"))
    assert heard == [b"2"]
