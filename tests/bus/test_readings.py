"""Reading the log, on both backends: following, history, single records."""

import asyncio

import pytest
from tests.bus.conftest import Collected, World

from interlock.bus.clock import now_ms
from interlock.bus.ports import Bus, Record

SUBMIT = "interlock.in.alice.task.submit"
CONTROL = "interlock.in.alice.control.pause.fleet"


async def fill(bus: Bus, subject: str, count: int) -> None:
    await asyncio.gather(*(bus.append_soon(subject, b"%d" % number) for number in range(count)))


async def test_following_from_the_start_delivers_what_stands_there_and_what_comes(world: World) -> None:
    # Given 1,500 records, more than one portion
    bus, reader = await world.connect(), await world.connect("bob")
    await fill(bus, SUBMIT, 1_500)
    # When somebody follows, and 500 more come
    seen: Collected[Record] = Collected()
    await reader.follow(["interlock.in.>"], seen.take)
    await fill(bus, SUBMIT, 500)
    # Then all arrive once, in order, with subject, bytes and time
    records = await seen.count(2_000)
    assert [record.seq for record in records] == list(range(1, 2_001))
    assert (records[1_499].subject, records[1_499].data) == (SUBMIT, b"1499")
    assert abs(records[0].time_ms - now_ms()) < 60_000


async def test_following_from_the_middle_begins_there(world: World) -> None:
    bus = await world.connect()
    await fill(bus, SUBMIT, 10)
    seen: Collected[Record] = Collected()
    await bus.follow([SUBMIT], seen.take, start_seq=8)
    assert [record.seq for record in await seen.count(3)] == [8, 9, 10]


async def test_following_from_beyond_the_end_waits_for_that_record(world: World) -> None:
    bus = await world.connect()
    seen: Collected[Record] = Collected()
    await bus.follow(["interlock.>"], seen.take, start_seq=3)
    await fill(bus, SUBMIT, 4)
    assert [record.seq for record in await seen.count(2)] == [3, 4]


async def test_following_several_filters_keeps_the_one_order(world: World) -> None:
    # Given records of three kinds in turn
    bus = await world.connect()
    for number in range(5):
        for subject in (SUBMIT, CONTROL, f"interlock.decision.{number}"):
            bus.append_soon(subject, b"")
    # When two kinds are followed
    seen: Collected[Record] = Collected()
    await bus.follow(["interlock.in.*.control.>", "interlock.decision.*"], seen.take)
    # Then the third is missing, and the order is the log's
    records = await seen.count(10)
    assert [record.seq for record in records] == [seq for seq in range(1, 16) if seq % 3 != 1]


async def test_following_while_others_append_misses_nothing(world: World) -> None:
    # Given two writers at work
    reader = await world.connect("supervisor")
    writers = [await world.connect(name) for name in ("alice", "bob")]
    filling = [asyncio.create_task(fill(bus, SUBMIT, 700)) for bus in writers]
    # When somebody begins to follow meanwhile
    seen: Collected[Record] = Collected()
    await reader.follow([SUBMIT], seen.take)
    await asyncio.gather(*filling)
    # Then the order has no hole
    records = await seen.count(1_400)
    assert [record.seq for record in records] == list(range(1, 1_401))


async def test_a_reading_that_was_stopped_delivers_nothing_more(world: World) -> None:
    # Given two readers, of which one stops from within its handler
    bus = await world.connect()
    stopped: Collected[Record] = Collected()
    seen: Collected[Record] = Collected()

    async def take_one(record: Record) -> None:
        await reading.stop()
        await stopped.take(record)

    reading = await bus.follow([SUBMIT], take_one)
    await bus.follow([SUBMIT], seen.take)
    # When three records come, then it has had the first only, and its handler was not disturbed
    await fill(bus, SUBMIT, 3)
    await seen.count(3)
    assert [record.seq for record in await stopped.count(1)] == [1]
    await reading.stop()


async def test_a_handler_that_fails_is_passed_over(world: World) -> None:
    bus = await world.connect()
    seen: Collected[Record] = Collected()

    async def fail_first(record: Record) -> None:
        if record.seq == 1:
            raise ValueError("this record is not understood")
        await seen.take(record)

    await bus.follow([SUBMIT], fail_first)
    await fill(bus, SUBMIT, 2)
    assert [record.seq for record in await seen.count(1)] == [2]


async def test_history_ends_with_the_newest_record_at_the_time_of_the_call(world: World) -> None:
    # Given 1,200 records, more than two portions, and a writer that goes on
    bus = await world.connect()
    await fill(bus, SUBMIT, 1_200)
    history = bus.history([SUBMIT], start_seq=100)
    first = await anext(history)
    await fill(bus, SUBMIT, 10)
    # When the history is read to its end, then it is what stood there
    rest = [record.seq async for record in history]
    assert [first.seq, *rest] == list(range(100, 1_201))


async def test_history_of_nothing_is_empty(world: World) -> None:
    bus = await world.connect()
    assert [record async for record in bus.history(["interlock.>"])] == []
    await fill(bus, SUBMIT, 3)
    assert [record async for record in bus.history(["interlock.decision.>"])] == []
    assert [record async for record in bus.history([SUBMIT], start_seq=4)] == []
    assert [record.seq async for record in bus.history([SUBMIT, CONTROL])] == [1, 2, 3]


async def test_history_that_is_left_early_disturbs_nobody(world: World) -> None:
    bus = await world.connect()
    await fill(bus, SUBMIT, 1_200)
    history = bus.history([SUBMIT])
    assert (await anext(history)).seq == 1
    await history.aclose()
    assert [record.seq async for record in bus.history([SUBMIT], start_seq=1_199)] == [1_199, 1_200]


@pytest.mark.parametrize("seq", [-1, 0, 2, 10**9])
async def test_a_record_that_is_not_there_is_none(world: World, seq: int) -> None:
    bus = await world.connect()
    await fill(bus, SUBMIT, 1)
    assert await bus.record(seq) is None


async def test_the_last_record_of_a_subject_or_pattern(world: World) -> None:
    bus = await world.connect()
    assert await bus.last("interlock.decision.*") is None
    for subject in ("interlock.decision.1", "interlock.decision.2", SUBMIT):
        await bus.append(subject, subject.encode())
    by_pattern = await bus.last("interlock.decision.*")
    by_subject = await bus.last("interlock.decision.1")
    assert by_pattern is not None
    assert by_subject is not None
    assert (by_pattern.seq, by_subject.seq) == (2, 1)
    assert await bus.last(CONTROL) is None


async def test_a_record_reads_the_same_whichever_way_it_is_read(world: World) -> None:
    # Given a record with bytes that are no text
    bus = await world.connect()
    await bus.append(SUBMIT, bytes(range(256)))
    # When it is read in four ways
    seen: Collected[Record] = Collected()
    await bus.follow([SUBMIT], seen.take)
    ways = [
        *await seen.count(1),
        *[record async for record in bus.history([SUBMIT])],
        await bus.record(1),
        await bus.last(SUBMIT),
    ]
    # Then all say the same
    assert len(ways) == 4
    assert ways[0] == ways[1] == ways[2] == ways[3]
