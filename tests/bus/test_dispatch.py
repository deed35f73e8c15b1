"""Dispatches, on both backends: taken, repeated, had already, lost."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from tests.bus.conftest import Basket, Collected, World, until

from interlock.bus.desk import Desk
from interlock.bus.dispatch import Dispatcher, answer_subject
from interlock.bus.ports import Bus, Message

REPEAT_S = 0.15
TIMES = 4


class Counted:
    """A wire that notes what is sent at the moment it is sent."""

    def __init__(self, bus: Bus, sent: list[Message]) -> None:
        self._bus = bus
        self._sent = sent
        self.listen = bus.listen
        self.request = bus.request
        self.inbox = bus.inbox

    async def send(self, subject: str, data: bytes, *, reply: str = "") -> None:
        self.send_soon(subject, data, reply=reply)

    def send_soon(self, subject: str, data: bytes, *, reply: str = "") -> None:
        self._sent.append(Message(subject, data, reply))
        self._bus.send_soon(subject, data, reply=reply)


class Scene:
    """A supervisor that dispatches, everything that passes on the way, and what was lost."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.lost: list[tuple[str, str]] = []
        self.sent: list[Message] = []
        self.answers: Collected[Message] = Collected()

    async def begin(self) -> None:
        self.bus = await self.world.connect("supervisor")
        await self.bus.listen("interlock.taken.>", self.answers.take)
        wire = Counted(self.bus, self.sent)
        self.dispatcher = Dispatcher(wire, "supervisor", self._on_lost, repeat_s=REPEAT_S, times=TIMES)
        await self.dispatcher.start()

    def _on_lost(self, key: str, principal: str) -> None:
        self.lost.append((key, principal))

    async def several_repeats(self) -> None:
        """Wait as long as a dispatch to nobody takes until it is lost."""
        self.dispatcher.send("to nobody", "nobody", b"")
        await until(lambda: ("to nobody", "nobody") in self.lost)

    def sent_to(self, principal: str) -> int:
        return sum(message.subject == f"interlock.do.{principal}" for message in self.sent)

    async def settled(self) -> None:
        """Wait until no dispatch is open."""
        await until(lambda: self.dispatcher.open_count == 0)


@pytest.fixture
async def scene(world: World) -> AsyncIterator[Scene]:
    made = Scene(world)
    await made.begin()
    yield made
    await made.dispatcher.stop()


@pytest.fixture
def open_desk(world: World) -> Callable[[str, Callable[[bytes], bool]], Awaitable[Desk]]:
    async def open_it(principal: str, take: Callable[[bytes], bool]) -> Desk:
        desk = Desk(await world.connect(principal), take)
        await desk.start()
        return desk

    return open_it


OpenDesk = Callable[[str, Callable[[bytes], bool]], Awaitable[Desk]]


async def test_a_dispatch_that_was_taken_is_not_repeated(scene: Scene, open_desk: OpenDesk) -> None:
    # Given an agent at its desk
    basket = Basket()
    await open_desk("researcher-1", basket.take)
    # When something is dispatched to it
    scene.dispatcher.send("42.1", "researcher-1", b"step 1")
    await scene.settled()
    times = scene.sent_to("researcher-1")
    # Then it says so, and is told no more
    assert (await scene.answers.count(1))[0].data == b"taken"
    assert basket.items[0] == b"step 1"
    await scene.several_repeats()
    assert scene.sent_to("researcher-1") == times
    assert scene.lost == [("to nobody", "nobody")]


async def test_a_dispatch_that_got_lost_is_repeated(scene: Scene, open_desk: OpenDesk) -> None:
    # Given an agent that does not listen yet when something is dispatched to it
    basket = Basket()
    scene.dispatcher.send("42.1", "researcher-1", b"step 1")
    await until(lambda: scene.sent_to("researcher-1") > 0)
    # When it listens, then it gets it with a repetition
    await open_desk("researcher-1", basket.take)
    await scene.settled()
    assert basket.items[0] == b"step 1"
    assert scene.lost == []


async def test_what_an_agent_has_already_is_settled_too(scene: Scene, open_desk: OpenDesk) -> None:
    await open_desk("researcher-1", lambda _: False)
    scene.dispatcher.send("42.1", "researcher-1", b"step 1")
    assert (await scene.answers.count(1))[0].data == b"already"
    await scene.settled()
    assert scene.lost == []


async def test_what_is_taken_together_is_answered_with_one_message(scene: Scene, open_desk: OpenDesk) -> None:
    # Given an agent at its desk
    basket = Basket()
    await open_desk("researcher-1", basket.take)
    # When much is dispatched to it at once
    for number in range(50):
        scene.dispatcher.send(f"42.{number}", "researcher-1", b"step %d" % number)
    await scene.settled()
    # Then nothing was told twice, and few answers were enough
    assert len(basket.items) == scene.sent_to("researcher-1") == 50
    assert len(scene.answers.items) < 10


async def test_nobody_can_answer_for_another(scene: Scene) -> None:
    # Given a dispatch that its principal does not take
    scene.dispatcher.send("42.1", "researcher-1", b"step 1")
    await until(lambda: scene.sent_to("researcher-1") > 0)
    # When another says "taken" of it, among its own
    other = await scene.world.connect("planner-1")
    await other.send("interlock.taken.supervisor.planner-1.9", b"taken 1 2 3 nonsense")
    await scene.several_repeats()
    # Then it is lost all the same
    assert ("42.1", "researcher-1") in scene.lost


async def test_a_dispatch_that_nobody_takes_is_lost_after_the_bound(scene: Scene) -> None:
    scene.dispatcher.send("42.1", "researcher-1", b"step 1")
    await until(lambda: bool(scene.lost))
    assert scene.lost == [("42.1", "researcher-1")]
    assert scene.sent_to("researcher-1") == TIMES
    assert scene.dispatcher.open_count == 0


async def test_a_dispatch_to_where_nobody_listens_at_all_is_lost_too(world: World) -> None:
    # Given nobody but the supervisor, so that a server answers by itself that nobody is there
    lost: list[tuple[str, str]] = []
    supervisor = await world.connect("supervisor")

    def on_lost(key: str, principal: str) -> None:
        lost.append((key, principal))

    dispatcher = Dispatcher(supervisor, "supervisor", on_lost, repeat_s=REPEAT_S, times=TIMES)
    await dispatcher.start()
    # When something is dispatched, then that answer is not taken for the agent's
    dispatcher.send("42.1", "researcher-1", b"step 1")
    await until(lambda: bool(lost))
    assert lost == [("42.1", "researcher-1")]
    await dispatcher.stop()


async def test_a_stream_of_new_dispatches_does_not_hold_up_a_repetition(scene: Scene) -> None:
    # Given a dispatch that nobody takes
    scene.dispatcher.send("42.1", "researcher-1", b"step 1")
    number = 0

    def lost_while_others_come() -> bool:
        nonlocal number
        number += 1
        scene.dispatcher.send("42.2", "researcher-2", b"%d" % number)
        return bool(scene.lost)

    # When another is dispatched in every turn, then the first is repeated all the same, until it is lost
    await until(lost_while_others_come)
    assert scene.lost == [("42.1", "researcher-1")]
    assert scene.sent_to("researcher-1") == TIMES


async def test_what_is_forgotten_is_neither_repeated_nor_lost(scene: Scene) -> None:
    scene.dispatcher.send("42.1", "researcher-1", b"step 1")
    await until(lambda: scene.sent_to("researcher-1") > 0)
    scene.dispatcher.forget("42.1")
    scene.dispatcher.forget("never heard of")
    times = scene.sent_to("researcher-1")
    await scene.several_repeats()
    assert scene.sent_to("researcher-1") == times
    assert scene.lost == [("to nobody", "nobody")]


async def test_the_same_key_dispatched_again_replaces_the_first(scene: Scene, open_desk: OpenDesk) -> None:
    # Given a dispatch to somebody who is gone
    await open_desk("researcher-2", lambda _: True)
    scene.dispatcher.send("42.1", "researcher-1", b"step 1")
    await until(lambda: scene.sent_to("researcher-1") > 0)
    # When the same is dispatched to another
    scene.dispatcher.send("42.1", "researcher-2", b"step 1")
    times = scene.sent_to("researcher-1")
    await scene.settled()
    # Then the first is over without being called lost
    await scene.several_repeats()
    assert scene.sent_to("researcher-1") == times
    assert scene.lost == [("to nobody", "nobody")]


async def test_a_desk_that_fails_to_take_is_told_again(scene: Scene, open_desk: OpenDesk) -> None:
    # Given a desk that fails once
    attempts: list[bytes] = []

    def fail_once(data: bytes) -> bool:
        attempts.append(data)
        if len(attempts) == 1:
            raise ValueError("no room on this desk")
        return True

    await open_desk("researcher-1", fail_once)
    # When something is dispatched, then a second telling is taken
    scene.dispatcher.send("42.1", "researcher-1", b"step 1")
    await scene.settled()
    assert attempts[:2] == [b"step 1", b"step 1"]
    assert scene.lost == []


async def test_nobody_can_take_what_was_dispatched_to_another(scene: Scene) -> None:
    # Given a dispatch to one agent
    mallory = await scene.world.connect("mallory")
    scene.dispatcher.send("42.1", "researcher-1", b"step 1")
    await until(lambda: scene.sent_to("researcher-1") > 0)
    token = scene.sent[0].reply.rsplit(".", 1)[-1]
    # When another says it has it, and somebody says nonsense
    await mallory.send(answer_subject("supervisor", "mallory", token), b"taken")
    await mallory.send(answer_subject("supervisor", "mallory", "nonsense"), b"taken")
    await scene.answers.count(2)
    # Then it stays open until it is lost
    await until(lambda: bool(scene.lost))
    assert scene.lost == [("42.1", "researcher-1")]
