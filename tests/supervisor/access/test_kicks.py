"""Kicks on a real server: bounded in flight, each until it is answered, and told of when it did nothing."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from tests.supervisor.access.site import Ear, Site

from interlock.bus.nats_bus import NatsBus, connect
from interlock.bus.server_keys import ServerKeys
from interlock.supervisor.access import kicks as module
from interlock.supervisor.access.connections import Place
from interlock.supervisor.access.kicks import Kicks

# nats-py leaves the socket of a connection that was refused to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")


@pytest.fixture
async def system(site: Site) -> AsyncIterator[NatsBus]:
    bus = await connect(site.url, "access-2", key=ServerKeys(site.folder).system.seed)
    yield bus
    await bus.close()


async def test_many_are_kicked_a_few_at_a_time(
    site: Site, system: NatsBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given twenty connections, and room for three kicks at once
    monkeypatch.setattr(module, "MOST_IN_FLIGHT", 3)
    ears = [Ear(await site.connect("researcher-1")) for _ in range(20)]
    failed: list[Place] = []
    kicks = Kicks(system.connection, failed.append)
    await kicks.start()
    # When all shall be kicked, some of them twice
    for live in await site.standing("researcher-1", 20):
        kicks.kick(live.place)
        kicks.kick(live.place)
        assert kicks.in_flight <= 3
    # Then all are
    async with asyncio.timeout(5):
        await asyncio.gather(*(ear.broken.wait() for ear in ears))
        while kicks.in_flight:  # noqa: ASYNC110 - the last answer has no event
            await asyncio.sleep(0)
    assert failed == []


async def test_a_kick_that_does_nothing_is_told(site: Site, system: NatsBus) -> None:
    await site.connect("researcher-1")
    ((place, *_),) = [(live.place,) for live in await site.standing("researcher-1")]
    failed: asyncio.Queue[Place] = asyncio.Queue()
    kicks = Kicks(system.connection, failed.put_nowait)
    await kicks.start()
    async with asyncio.timeout(5):
        # A connection that the server does not know
        kicks.kick((place[0], 987_654))
        assert await failed.get() == (place[0], 987_654)
        # And a server that is not there
        kicks.kick(("NOBODY", 1))
        assert await failed.get() == ("NOBODY", 1)
    assert not kicks.in_flight


async def test_a_kick_without_an_answer_is_asked_for_again_and_given_up(
    site: Site, system: NatsBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given answers that never arrive
    monkeypatch.setattr(module, "ANSWER_S", 0.02)
    await site.connect("researcher-1")
    ((place, *_),) = [(live.place,) for live in await site.standing("researcher-1")]
    failed: asyncio.Queue[Place] = asyncio.Queue()
    kicks = Kicks(system.connection, failed.put_nowait)
    kicks.kick(place)
    async with asyncio.timeout(5):
        assert await failed.get() == place
    assert not kicks.in_flight


async def test_kicks_that_wait_are_bounded(
    site: Site, system: NatsBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_IN_FLIGHT", 1)
    monkeypatch.setattr(module, "MOST_WAITING", 2)
    del site
    failed: list[Place] = []
    kicks = Kicks(system.connection, failed.append)
    for cid in range(3):
        kicks.kick(("NOBODY", cid))
    assert failed == [("NOBODY", 2)]
    kicks.stop()
