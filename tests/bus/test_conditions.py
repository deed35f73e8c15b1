"""Appends on condition of another subject's last record, on both backends: taken in order or refused."""

import asyncio

import pytest
from tests.bus.conftest import NatsWorld, World

from interlock.bus.errors import Superseded
from interlock.bus.nats_bus import NatsBus
from interlock.bus.ports import Ack, Bus

LEADER = "interlock.decision.leader"
ECHO = b'{"stream":"INTERLOCK","seq":3}'


def first_on(bus: Bus, task: int, term: int) -> "asyncio.Future[Ack]":
    """Append the first record about a task on condition that this leader's record is the last one."""
    return bus.append_soon(
        f"interlock.decision.{task}",
        b"%d" % task,
        expected_subject_seq=term,
        expected_on=LEADER,
        message_id=f"{term}.{task}",
    )


async def test_many_conditions_on_one_subject_are_taken_in_order(world: World) -> None:
    # Given a leader's record
    bus = await world.connect()
    term = (await bus.append(LEADER, b"I lead", expected_subject_seq=0)).seq
    # When many subjects are begun on condition of it, without waiting
    acks = await asyncio.gather(*(first_on(bus, task, term) for task in range(1, 501)))
    # Then all stand there, once, in the order of the calls
    assert [ack.seq for ack in acks] == list(range(term + 1, term + 501))
    assert await bus.last_seq() == term + 500


async def test_no_record_may_stand_there_when_none_is_expected(world: World) -> None:
    bus = await world.connect()
    assert (await first_on(bus, 7, 0)).seq == 1
    await bus.append(LEADER, b"I lead")
    with pytest.raises(Superseded, match=r"interlock\.decision\.8"):
        await first_on(bus, 8, 0)


async def test_a_record_on_the_other_subject_refuses_all_that_come_after_it(world: World) -> None:
    # Given two that want to lead, of which the second has written last
    first, second = await world.connect("supervisor-1"), await world.connect("supervisor-2")
    old = (await first.append(LEADER, b"I lead", expected_subject_seq=0)).seq
    assert (await first_on(first, 7, old)).seq
    new = (await second.append(LEADER, b"No, I", expected_subject_seq=old)).seq
    # When both write, then only the second one's records are stored
    outcomes = await asyncio.gather(*(first_on(first, n, old) for n in range(20)), return_exceptions=True)
    assert all(isinstance(outcome, Superseded) for outcome in outcomes)
    assert (await first_on(second, 7, new)).seq == new + 1
    assert await first.last_seq() == new + 1


async def test_only_one_of_two_becomes_the_leader(world: World) -> None:
    buses = [await world.connect(f"supervisor-{number}") for number in range(5)]
    outcomes = await asyncio.gather(
        *(bus.append_soon(LEADER, bus.principal.encode(), expected_subject_seq=0) for bus in buses),
        return_exceptions=True,
    )
    assert sum(isinstance(outcome, Ack) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, Superseded) for outcome in outcomes) == 4


async def test_a_misdirected_answer_of_the_server_dethrones_nobody(nats_url: str) -> None:
    # Given a leader, and an answer of the server that somebody had written behind its record
    world = NatsWorld(nats_url)
    await world.begin()
    bus: NatsBus = await world.connect("supervisor")
    term = (await bus.append(LEADER, b"I lead", expected_subject_seq=0)).seq
    echo = (await bus.append(LEADER, ECHO)).seq
    # When the leader writes, then it may
    assert (await first_on(bus, 7, term)).seq == echo + 1
    # And behind a true record it may not
    await bus.append(LEADER, b"No, I")
    with pytest.raises(Superseded):
        await first_on(bus, 8, term)
    await world.end()
