"""Connections that break at the worst moment: between what the server has stored and what it has said."""

# A test may look inside.
# pyright: reportPrivateUsage=false

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest
from tests.bus.conftest import Collected, NatsWorld, until

from interlock.bus import jetstream
from interlock.bus.appends import AppendLimits
from interlock.bus.errors import Superseded, Unreachable
from interlock.bus.nats_bus import NatsBus, connect
from interlock.bus.ports import Ack, Record
from interlock.bus.reader import PORTION, SILENCE_S, Reader
from interlock.contracts.subjects import STREAM

SUBMIT = "interlock.in.alice.task.submit"
DECISION = "interlock.decision.42"
LEADER = "interlock.decision.leader"


class Cable:
    """A cable between a client and the server: it can be made to swallow one direction, and be cut."""

    def __init__(self, url: str) -> None:
        self._host, self._port = urlsplit(url).hostname, urlsplit(url).port
        self.mute_client = False
        self.mute_server = False
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def begin(self) -> None:
        self._listener = await asyncio.start_server(self._plug_in, "127.0.0.1", 0)
        self.url = f"nats://127.0.0.1:{self._listener.sockets[0].getsockname()[1]}"

    async def end(self) -> None:
        self._listener.close()
        await self.cut()

    async def cut(self) -> None:
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.mute_client = self.mute_server = False

    async def _plug_in(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_connection(self._host, self._port)
        self._writers |= {writer, server_writer}
        for task in (
            asyncio.create_task(self._carry(reader, server_writer, from_client=True)),
            asyncio.create_task(self._carry(server_reader, writer, from_client=False)),
        ):
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, from_client: bool
    ) -> None:
        try:
            while data := await reader.read(65_536):
                if not (self.mute_client if from_client else self.mute_server):
                    writer.write(data)
        except ConnectionError:
            pass
        finally:
            writer.transport.abort()


class Scene:
    """One principal behind a cable, and another with a sound connection."""

    cable: Cable
    weak: NatsBus
    sound: NatsBus


@pytest.fixture
async def scene(nats_url: str) -> AsyncIterator[Scene]:
    made = Scene()
    world = NatsWorld(nats_url)
    await world.begin()
    made.sound = await world.connect("bob")
    made.cable = Cable(nats_url)
    await made.cable.begin()
    made.weak = await connect(made.cable.url, "alice")
    yield made
    await made.weak.close()
    await made.cable.end()
    await world.end()


async def cut_after_storing(scene: Scene, answer: "asyncio.Future[Any]", last_seq: int) -> None:
    """Let the server store, but not say so; then cut the cable."""
    async with asyncio.timeout(10):
        while await scene.sound.last_seq() < last_seq:
            pass
    assert not answer.done()
    await scene.cable.cut()


async def test_an_append_with_an_id_is_repeated_and_recognised(scene: Scene) -> None:
    # Given an append with an id that is stored, but whose acknowledgement does not arrive
    scene.cable.mute_server = True
    answer = scene.weak.append_soon(SUBMIT, b"one", message_id="m1")
    # When the connection breaks, then the repetition is answered with the first one's sequence
    await cut_after_storing(scene, answer, 1)
    ack = await answer
    assert (ack.seq, ack.duplicate) == (1, True)
    assert await scene.sound.last_seq() == 1


async def test_a_conditional_append_is_repeated_and_recognised_by_its_bytes(scene: Scene) -> None:
    # Given a conditional append that is stored, but whose acknowledgement does not arrive
    scene.cable.mute_server = True
    answer = scene.weak.append_soon(DECISION, b"one", expected_subject_seq=0)
    # When the connection breaks, then it is not mistaken for somebody else's
    await cut_after_storing(scene, answer, 1)
    assert (await answer).seq == 1
    assert await scene.sound.last_seq() == 1


async def test_a_conditional_append_that_came_second_is_superseded_after_all(scene: Scene) -> None:
    # Given a conditional append that did not reach the server, and another's on the same subject that did
    scene.cable.mute_client = True
    answer = scene.weak.append_soon(DECISION, b"one", expected_subject_seq=0)
    other = asyncio.ensure_future(scene.sound.append(DECISION, b"other", expected_subject_seq=0))
    # When the connection breaks, then the other stays the only one
    await other
    await cut_after_storing(scene, answer, 1)
    with pytest.raises(Superseded):
        await answer
    assert await scene.sound.last_seq() == 1


def guarded(bus: NatsBus, term: int, message_id: str = "m1") -> "asyncio.Future[Ack]":
    """Append on condition that the leader's record is the last one."""
    return bus.append_soon(
        DECISION, b"one", expected_subject_seq=term, expected_on=LEADER, message_id=message_id
    )


async def test_a_condition_on_another_subject_does_not_store_a_repeated_append_twice(scene: Scene) -> None:
    # Given an append on condition of the leader's record, which is stored and not acknowledged
    term = (await scene.sound.append(LEADER, b"I lead")).seq
    scene.cable.mute_server = True
    answer = guarded(scene.weak, term)
    # When the connection breaks, then the repetition is recognised, though its condition still holds
    await cut_after_storing(scene, answer, term + 1)
    assert (await answer).seq == term + 1
    assert await scene.sound.last_seq() == term + 1


async def test_what_was_stored_before_the_leader_changed_counts(scene: Scene) -> None:
    # Given such an append, and another leader after it
    term = (await scene.sound.append(LEADER, b"I lead")).seq
    scene.cable.mute_server = True
    answer = guarded(scene.weak, term)
    async with asyncio.timeout(10):
        while await scene.sound.last_seq() < term + 1:
            pass
    await scene.sound.append(LEADER, b"No, I", expected_subject_seq=term)
    # When the connection breaks, then the first copy is found
    await cut_after_storing(scene, answer, term + 2)
    assert (await answer).seq == term + 1


async def test_what_was_not_stored_before_the_leader_changed_is_superseded(scene: Scene) -> None:
    # Given such an append that did not reach the server, and another leader with a record of the same bytes
    term = (await scene.sound.append(LEADER, b"I lead")).seq
    scene.cable.mute_client = True
    answer = guarded(scene.weak, term)
    await scene.sound.append(LEADER, b"No, I", expected_subject_seq=term)
    await scene.sound.append(DECISION, b"one")
    # When the connection breaks, then the other's record is not taken for its own
    await cut_after_storing(scene, answer, term + 2)
    with pytest.raises(Superseded):
        await answer
    assert await scene.sound.last_seq() == term + 2


async def test_without_an_id_a_condition_on_another_subject_is_not_repeated(scene: Scene) -> None:
    term = (await scene.sound.append(LEADER, b"I lead")).seq
    scene.cable.mute_server = True
    answer = guarded(scene.weak, term, "")
    await cut_after_storing(scene, answer, term + 1)
    with pytest.raises(Unreachable, match="unknown"):
        await answer
    assert await scene.sound.last_seq() == term + 1


async def test_a_plain_append_without_an_answer_has_an_unknown_outcome(scene: Scene) -> None:
    # Given a plain append that is stored, but whose acknowledgement does not arrive
    scene.cable.mute_server = True
    answer = scene.weak.append_soon(SUBMIT, b"one")
    # When the connection breaks, then that is said at once, and nothing is stored twice
    await cut_after_storing(scene, answer, 1)
    with pytest.raises(Unreachable, match="unknown"):
        await answer
    assert (await scene.weak.append(SUBMIT, b"two")).seq == 2


async def test_no_more_than_the_window_is_sent_without_an_answer(scene: Scene) -> None:
    # Given a window of four
    bus = await connect(scene.cable.url, "narrow", limits=AppendLimits(window=4))
    # When ten are appended, then four are sent
    answers = [bus.append_soon(SUBMIT, b"%d" % number) for number in range(10)]
    assert [append.sent for append in bus._appends._open.values()] == [True] * 4 + [False] * 6
    # And the others follow with the answers, in order
    assert [ack.seq for ack in await asyncio.gather(*answers)] == list(range(1, 11))
    await bus.close()


async def test_a_reader_misses_nothing_when_deliveries_are_swallowed(scene: Scene) -> None:
    # Given a reader that has seen 10 records
    seen: Collected[Record] = Collected()
    await scene.weak.follow([SUBMIT], seen.take)
    await asyncio.gather(*(scene.sound.append_soon(SUBMIT, b"") for _ in range(10)))
    await seen.count(10)
    # When 10 more are delivered into nothing, the cable is cut, and 10 more come
    scene.cable.mute_server = True
    await asyncio.gather(*(scene.sound.append_soon(SUBMIT, b"") for _ in range(10)))
    await scene.cable.cut()
    await asyncio.gather(*(scene.sound.append_soon(SUBMIT, b"") for _ in range(10)))
    # Then it sees all, once, in order
    assert [record.seq for record in await seen.count(30)] == list(range(1, 31))


async def test_a_reader_goes_on_when_its_consumer_is_deleted(scene: Scene) -> None:
    # Given a reader
    seen: Collected[Record] = Collected()
    await scene.sound.follow([SUBMIT], seen.take)
    await scene.sound.append(SUBMIT, b"")
    await seen.count(1)
    # When somebody deletes its consumer on the server
    answer = await jetstream.call(scene.weak.requests, "CONSUMER.NAMES.INTERLOCK", b"", dict[str, Any])
    for name in answer["consumers"]:
        await jetstream.call(scene.weak.requests, f"CONSUMER.DELETE.INTERLOCK.{name}", b"", dict[str, Any])
    # Then it reads on
    await scene.sound.append(SUBMIT, b"")
    assert [record.seq for record in await seen.count(2)] == [1, 2]


async def test_a_reader_that_finds_a_hole_reads_again_from_there(scene: Scene) -> None:
    # Given a reader that has seen two records
    seen: Collected[Record] = Collected()
    reading = await scene.sound.follow([SUBMIT], seen.take)
    assert isinstance(reading, Reader)
    for _ in range(2):
        await scene.sound.append(SUBMIT, b"")
    await seen.count(2)
    # When the consumer's numbering shows that a delivery was lost
    reading._delivered -= 1
    for _ in range(2):
        await scene.sound.append(SUBMIT, b"")
    # Then nothing is missing and nothing comes twice
    assert [record.seq for record in await seen.count(4)] == [1, 2, 3, 4]


async def test_a_slow_reader_slows_only_itself_and_is_not_dropped(scene: Scene) -> None:
    # Given one reader that does not get on, and one that does
    slow: Collected[Record] = Collected()
    quick: Collected[Record] = Collected()
    slow.open.clear()
    reading = await scene.sound.follow([SUBMIT], slow.take)
    await scene.weak.follow([SUBMIT], quick.take)
    # When far more comes than one portion
    await asyncio.gather(*(scene.sound.append_soon(SUBMIT, b"x" * 200) for _ in range(5 * PORTION)))
    # Then the quick one has everything, and what waits for the slow one is bounded
    await quick.count(5 * PORTION)
    assert isinstance(reading, Reader)
    assert reading._hearing is not None
    await until(lambda: reading._hearing is not None and reading._hearing.waiting > 0)
    assert reading._hearing.waiting <= PORTION
    assert slow.items == []
    # And when it gets on, it gets everything in order
    slow.open.set()
    records = await slow.count(5 * PORTION)
    assert [record.seq for record in records] == list(range(1, 5 * PORTION + 1))


async def test_a_history_that_is_taken_slowly_holds_a_bounded_number_and_loses_nothing(scene: Scene) -> None:
    # Given a history of far more than one portion, of which only the first is taken
    await asyncio.gather(*(scene.sound.append_soon(SUBMIT, b"x" * 200) for _ in range(5 * PORTION)))
    history = scene.weak.history([SUBMIT])
    taken = [await anext(history)]
    # When the server has long sent all that it was asked for
    sent = [await _sent_to_consumers(scene.sound) for _ in range(100)]
    # Then that is bounded
    assert PORTION <= sent[-1] <= 2 * PORTION
    # And when it is taken, the next portions come at once
    async with asyncio.timeout(SILENCE_S / 2):
        taken += [await anext(history) for _ in range(2 * PORTION)]
    # And when the connection breaks before the rest is taken, nothing is missing and nothing comes twice
    await scene.cable.cut()
    taken += [record async for record in history]
    assert [record.seq for record in taken] == list(range(1, 5 * PORTION + 1))


async def _sent_to_consumers(bus: NatsBus) -> int:
    """Return the latest sequence that the server has sent to any consumer."""
    answer = await bus.requests.ask(f"$JS.API.CONSUMER.LIST.{STREAM}", b"{}", timeout_s=5)
    consumers: list[dict[str, dict[str, int]]] = msgspec.json.decode(answer.data)["consumers"]
    return max(consumer["delivered"]["stream_seq"] for consumer in consumers)
