"""Unstored messages, on both backends: sending, listening, asking."""

import asyncio

import msgspec
import pytest
from tests.bus.conftest import Collected, World

from interlock.bus.errors import NotTaken
from interlock.bus.ports import Message, Record


async def test_what_is_sent_is_heard_in_order(world: World) -> None:
    sender, listener = await world.connect(), await world.connect("bob")
    heard: Collected[Message] = Collected()
    await listener.listen("interlock.live.*.answer", heard.take)
    for number in range(100):
        await sender.send("interlock.live.1.answer", b"%d" % number)
    await sender.send("interlock.live.1.other", b"not for us")
    messages = await heard.count(100)
    assert [message.data for message in messages] == [b"%d" % number for number in range(100)]
    assert messages[0].reply == ""


async def test_a_listening_that_was_stopped_hears_nothing_more(world: World) -> None:
    # Given two who listen, of which one stops at the first message
    bus = await world.connect()
    stopped: Collected[Message] = Collected()
    heard: Collected[Message] = Collected()

    async def hear_one(message: Message) -> None:
        await listening.stop()
        await stopped.take(message)

    listening = await bus.listen("interlock.beat.*", hear_one)
    await bus.listen("interlock.beat.*", heard.take)
    # When three messages come, then it has heard one
    for _ in range(3):
        await bus.send("interlock.beat.alice", b"")
    await heard.count(3)
    assert len(await stopped.count(1)) == 1


async def test_a_request_gets_the_first_answer(world: World) -> None:
    asker, answerer = await world.connect(), await world.connect("bob")

    async def answer_twice(message: Message) -> None:
        await answerer.send(message.reply, b"first to " + message.data)
        await answerer.send(message.reply, b"second")

    await answerer.listen("interlock.live.question", answer_twice)
    assert await asker.request("interlock.live.question", b"me", timeout_s=5) == b"first to me"


async def test_a_request_that_nobody_hears_is_not_taken_at_once(world: World) -> None:
    bus = await world.connect()
    async with asyncio.timeout(5):
        with pytest.raises(NotTaken, match="nobody listens"):
            await bus.request("interlock.live.question", b"", timeout_s=60)


async def test_an_inbox_hears_answers_only(world: World) -> None:
    # Given somebody who listens on an inbox, and a message with that reply that nobody hears
    bus = await world.connect()
    heard: Collected[Message] = Collected()
    inbox = bus.inbox()
    await bus.listen(inbox, heard.take)
    await bus.send("interlock.live.question", b"", reply=inbox)
    # When somebody answers, then that is the first that is heard
    await bus.send(inbox, b"answer")
    assert [message.data for message in await heard.count(1)] == [b"answer"]


async def test_a_request_that_nobody_answers_is_not_taken_in_time(world: World) -> None:
    bus = await world.connect()
    heard: Collected[Message] = Collected()
    await bus.listen("interlock.live.question", heard.take)
    with pytest.raises(NotTaken, match=r"within 0\.05 s"):
        await bus.request("interlock.live.question", b"", timeout_s=0.05)
    assert len(heard.items) == 1


async def test_a_request_to_the_log_is_answered_with_the_sequence(world: World) -> None:
    # Given a client that knows nothing but requests
    bus = await world.connect()
    # When it asks on a stored subject, then the answer names the record
    answer = msgspec.json.decode(await bus.request("interlock.in.alice.task.submit", b"{}", timeout_s=5))
    assert (answer["stream"], answer["seq"]) == ("INTERLOCK", 1)


async def test_what_is_sent_to_a_stored_subject_is_stored(world: World) -> None:
    bus = await world.connect()
    seen: Collected[Record] = Collected()
    await bus.follow(["interlock.in.>"], seen.take)
    await bus.send("interlock.in.alice.task.submit", b"{}")
    assert (await seen.count(1))[0].data == b"{}"


async def test_inboxes_are_fresh_and_of_the_principals_own(world: World) -> None:
    bus = await world.connect("bob")
    assert bus.principal == "bob"
    one, other = bus.inbox(), bus.inbox()
    assert one != other
    assert one.startswith("_INBOX_bob.")
