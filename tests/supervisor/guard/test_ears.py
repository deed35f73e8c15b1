"""What the guard makes of messages, whichever way they come first; and of those that it cannot read."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from tests.supervisor.guard.nursery import agent_scope, switched
from tests.supervisor.guard.test_switches import decision, fresh

from interlock.bus.clock import now_ms
from interlock.bus.memory import MemoryServer
from interlock.bus.memory_bus import MemoryBus
from interlock.bus.ports import Message, Record
from interlock.bus.process import Settings
from interlock.contracts.control import Control
from interlock.contracts.message import encode
from interlock.contracts.subjects import FLEET_DECISIONS, input_subject
from interlock.supervisor.guard.ears import Ears
from interlock.supervisor.guard.switches import Switches

ONE = agent_scope("researcher-1")
KILL = input_subject("alice", "control", "kill", *ONE.words)
SAID = encode(Control(reason="enough"))


class Listener:
    """Ears on an empty bus, and whom they said to kill."""

    def __init__(self) -> None:
        self.switches: Switches = fresh()
        self.killed: list[tuple[frozenset[str], str]] = []
        settings = Settings(url="nats://127.0.0.1:1", principal="guard-1")
        self.ears = Ears(settings, self.switches, self._on_change)
        self.bus = MemoryBus(MemoryServer(now_ms), "guard-1")

    def plain(self, subject: str = KILL, data: bytes = SAID) -> None:
        self.ears.on_message(Message(subject, data))

    def logged(self, seq: int, subject: str = KILL, data: bytes = SAID) -> None:
        self.ears.on_control(Record(seq, 0, subject, data))

    def _on_change(self, killed: frozenset[str], told_us: int, reason: str) -> None:
        if killed:
            assert told_us > 0
            self.killed.append((killed, reason))


@pytest.fixture
async def listener() -> AsyncIterator[Listener]:
    made = Listener()
    await made.ears.start(made.bus)
    yield made
    await made.ears.stop()


async def test_a_kill_is_obeyed_once_whichever_way_it_comes_first(listener: Listener) -> None:
    said = (frozenset({"researcher-1"}), "alice killed agent researcher-1: enough")
    listener.plain()
    listener.logged(1)
    assert listener.killed == [said]
    # The next one comes by the log first.
    listener.logged(2)
    listener.plain()
    assert listener.killed == [said, said]
    # Then nothing holds it but that it is not decided.
    assert listener.switches.held
    listener.switches.decided(decision(switched(ONE, "running"), cause=2))
    assert not listener.switches.held


async def test_a_resume_takes_nothing_back_before_the_log_had_its_time(listener: Listener) -> None:
    listener.plain()
    listener.plain(input_subject("alice", "control", "resume", *ONE.words))
    for _ in range(5):
        await asyncio.sleep(0)
    assert listener.switches.held
    # And nothing that the log shows.
    listener.logged(1)
    listener.ears._take_back(ONE, 1)  # pyright: ignore[reportPrivateUsage] - the time is over
    assert listener.switches.held


@pytest.mark.parametrize(
    ("subject", "data"),
    [
        ("interlock.in.alice.control.kill", SAID),
        ("interlock.in.alice.control.kill.nothing.known", SAID),
        ("interlock.in.alice.control.pause.fleet", SAID),
        ("interlock.in.alice.control.limit.fleet", b"{}"),
    ],
)
async def test_what_is_no_kill_kills_nobody(listener: Listener, subject: str, data: bytes) -> None:
    listener.plain(subject, data)
    listener.logged(1, subject, data)
    assert not listener.killed
    assert not listener.switches.held


async def test_a_kill_whose_reason_cannot_be_read_is_a_kill(listener: Listener) -> None:
    listener.plain(data=b"\xff")
    assert listener.killed == [(frozenset({"researcher-1"}), "alice killed agent researcher-1")]


async def test_a_decision_that_cannot_be_read_is_passed_over(listener: Listener) -> None:
    listener.ears.on_decision(Record(1, 0, FLEET_DECISIONS, b"\xff"))
    listener.ears.on_decision(
        Record(2, 0, FLEET_DECISIONS, encode(decision(switched(ONE, "killed"), cause=1)))
    )
    assert listener.killed == [(frozenset({"researcher-1"}), "a kill was decided")]
