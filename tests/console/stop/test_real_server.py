"""The same on a real server: every scope travels in a subject, and a receipt counts in its microseconds."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.bus.conftest import Collected, NatsWorld
from tests.console.stop.examples import receipted
from tests.console.stop.test_scopes import SCOPES

from interlock.bus import server
from interlock.bus.nats_bus import NatsBus
from interlock.bus.ports import Message
from interlock.console.sayings import control
from interlock.console.stop.receipts import Kill, await_receipt, find_kill, gather
from interlock.contracts import facts as f
from interlock.contracts.decision import Decision
from interlock.contracts.message import encode
from interlock.contracts.scope import FLEET, read_scope
from interlock.contracts.subjects import FLEET_DECISIONS, KILLS, read_input


@pytest.fixture
async def alice(tmp_path: Path) -> AsyncIterator[NatsBus]:
    """A person's connection to a server with an empty log."""
    running = server.start(tmp_path)
    world = NatsWorld(running.url)
    await world.begin()
    yield await world.connect("alice")
    await world.end()
    running.stop()


async def test_each_kill_arrives_at_who_listens_and_stands_in_the_log(alice: NatsBus) -> None:
    # Given somebody who listens to kills
    heard = Collected[Message]()
    listening = await alice.listen(KILLS, heard.take)
    # When everything that can be killed is
    said = [Kill(await control(alice, "kill", scope), scope) for scope in SCOPES]
    # Then they hear which, in order, and the log says the same
    subjects = [message.subject for message in await heard.count(len(SCOPES))]
    assert [read_scope(read_input(subject).rest) for subject in subjects] == list(SCOPES)
    assert [await find_kill(alice, kill.seq) for kill in said] == said
    await listening.stop()


async def test_the_last_grant_counts_from_the_times_of_the_servers_records(alice: NatsBus) -> None:
    # Given a kill of everything that was decided as soon as it was stored
    seq = await control(alice, "kill", FLEET)
    command = await alice.record(seq)
    assert command is not None
    waiting = asyncio.create_task(await_receipt(alice, Kill(seq, FLEET)))
    switch = f.FleetSwitched(at_ms=1, state="killed", by="alice", input=seq, commanded_us=command.time_us)
    decided = await decide(alice, switch)
    await decide(alice, receipted(seq, FLEET, commanded_us=command.time_us))
    # When its receipt is there
    receipt = await waiting
    # Then it counts between those two records, as finely as the server dates them
    record = await alice.record(decided)
    assert receipt is not None
    assert record is not None
    span_us = record.time_us - command.time_us
    assert receipt.latencies.last_grant_us == span_us
    assert 0 < span_us < 5_000_000
    assert (await gather(alice, Kill(seq, FLEET))).receipts[seq] == receipt


async def decide(bus: NatsBus, fact: f.AnyFact) -> int:
    decision = Decision(task=0, cause=1, at_ms=1, by="supervisor-1", facts=(fact,))
    return (await bus.append(FLEET_DECISIONS, encode(decision))).seq
