"""Appending, on both backends: order, acknowledgements, conditions, refusals."""

import asyncio

import pytest
from tests.bus.conftest import Collected, World

from interlock.bus.errors import BusError, LogFull, Superseded, TooLarge, Unreachable
from interlock.bus.ports import Message

SUBMIT = "interlock.in.alice.task.submit"
DECISION = "interlock.decision.42"


async def test_an_append_is_acknowledged_with_its_sequence(world: World) -> None:
    # Given an empty log
    bus = await world.connect()
    assert await bus.last_seq() == 0
    # When two records are appended, then each has the next sequence and stands there
    first = await bus.append(SUBMIT, b"one")
    second = await bus.append(SUBMIT, b"two")
    assert (first.seq, second.seq) == (1, 2)
    assert not first.duplicate
    assert await bus.last_seq() == 2
    record = await bus.record(1)
    assert record is not None
    assert (record.subject, record.data) == (SUBMIT, b"one")


async def test_many_outstanding_appends_keep_the_order_of_the_calls(world: World) -> None:
    # Given 2,000 appends made without waiting, more than the window of outstanding ones
    bus = await world.connect()
    answers = [bus.append_soon(SUBMIT, b"%d" % number) for number in range(2_000)]
    # When all are acknowledged
    acks = await asyncio.gather(*answers)
    # Then sequences and bytes are in the order of the calls
    assert [ack.seq for ack in acks] == list(range(1, 2_001))
    stored = [record.data async for record in bus.history([SUBMIT])]
    assert stored == [b"%d" % number for number in range(2_000)]


async def test_an_expected_sequence_that_is_right_is_taken(world: World) -> None:
    bus = await world.connect()
    first = await bus.append(DECISION, b"one", expected_subject_seq=0)
    await bus.append(SUBMIT, b"another subject does not count")
    second = await bus.append(DECISION, b"two", expected_subject_seq=first.seq)
    assert second.seq == first.seq + 2


@pytest.mark.parametrize("expected", [0, 2, 99])
async def test_an_expected_sequence_that_is_not_the_last_is_superseded(world: World, expected: int) -> None:
    # Given one record on the subject
    bus = await world.connect()
    await bus.append(DECISION, b"one", expected_subject_seq=0)
    # When somebody expects another last record, then nothing is stored
    with pytest.raises(Superseded, match=DECISION):
        await bus.append(DECISION, b"two", expected_subject_seq=expected)
    assert await bus.last_seq() == 1


async def test_the_same_message_id_is_stored_once(world: World) -> None:
    bus = await world.connect()
    first = await bus.append(SUBMIT, b"one", message_id="m1")
    again = await bus.append(SUBMIT, b"one", message_id="m1")
    other = await bus.append(SUBMIT, b"one", message_id="m2")
    assert (again.seq, again.duplicate) == (first.seq, True)
    assert (other.seq, other.duplicate) == (2, False)


async def test_a_condition_is_checked_before_the_message_id(world: World) -> None:
    # Given a conditional append with an id
    bus = await world.connect()
    first = await bus.append(DECISION, b"one", expected_subject_seq=0, message_id="m1")
    # When it is repeated as it was, then the condition fails first
    with pytest.raises(Superseded):
        await bus.append(DECISION, b"one", expected_subject_seq=0, message_id="m1")
    # And with the condition that holds now, the id is recognised
    again = await bus.append(DECISION, b"one", expected_subject_seq=first.seq, message_id="m1")
    assert (again.seq, again.duplicate) == (first.seq, True)


async def test_a_full_log_refuses_and_keeps_what_it_has(small_world: World) -> None:
    # Given a log with room for about 20 kB
    bus = await small_world.connect()
    # When more is appended than fits
    answers = [bus.append_soon(SUBMIT, b"x" * 1_000) for _ in range(30)]
    outcomes = await asyncio.gather(*answers, return_exceptions=True)
    # Then the last ones are refused, with a sentence that says what to do, and the first one stands there
    assert not isinstance(outcomes[0], BaseException)
    assert isinstance(outcomes[-1], LogFull)
    stored = [outcome for outcome in outcomes if not isinstance(outcome, BaseException)]
    assert await bus.last_seq() == len(stored) < 30
    assert await bus.record(1) is not None


async def test_a_record_beyond_the_bound_is_refused_and_one_at_the_bound_is_not(world: World) -> None:
    bus = await world.connect()
    with pytest.raises(TooLarge, match="holds at most"):
        await bus.append(SUBMIT, b"x" * (bus.max_payload + 1))
    assert (await bus.append(SUBMIT, b"x" * bus.max_payload)).seq == 1
    with pytest.raises(TooLarge):
        await bus.send("interlock.live.1.a", b"x" * (bus.max_payload + 1))


async def test_a_subject_outside_the_log_is_refused(world: World) -> None:
    bus = await world.connect()
    with pytest.raises(Unreachable, match=r"interlock\.live\.1"):
        await bus.append("interlock.live.1", b"")


async def test_who_listens_hears_an_append(world: World) -> None:
    # Given somebody who listens to controls, without reading the log
    bus, agent = await world.connect(), await world.connect("researcher-1")
    heard: Collected[Message] = Collected()
    await agent.listen("interlock.in.*.control.>", heard.take)
    # When a control and something else are appended
    await bus.append(SUBMIT, b"a task")
    await bus.append("interlock.in.alice.control.kill.task.42", b"stop")
    # Then only the control is heard
    (message,) = await heard.count(1)
    assert (message.subject, message.data) == ("interlock.in.alice.control.kill.task.42", b"stop")


async def test_who_listens_hears_also_what_the_log_refuses(small_world: World) -> None:
    # Given somebody who listens, and a log that is almost full
    bus, agent = await small_world.connect(), await small_world.connect("researcher-1")
    heard: Collected[Message] = Collected()
    await agent.listen("interlock.in.*.control.>", heard.take)
    # When something is appended twice under one id, then something that the log has no room for
    kill = "interlock.in.alice.control.kill.task.42"
    for _ in range(2):
        await bus.append(kill, b"stop", message_id="m1")
    answers = [bus.append_soon(kill, b"x" * 1_000) for _ in range(30)]
    outcomes = await asyncio.gather(*answers, return_exceptions=True)
    # Then all of it is heard, though not all of it is stored
    assert any(isinstance(outcome, LogFull) for outcome in outcomes)
    messages = await heard.count(32)
    assert [message.data for message in messages[:2]] == [b"stop", b"stop"]


async def test_a_closed_bus_refuses_and_answers_what_was_outstanding(world: World) -> None:
    bus = await world.connect()
    answer = bus.append_soon(SUBMIT, b"one")
    await bus.close()
    assert (await answer).seq == 1
    with pytest.raises(Unreachable, match="closed"):
        await bus.append(SUBMIT, b"two")
    with pytest.raises(BusError):
        await bus.last_seq()
    await bus.close()
