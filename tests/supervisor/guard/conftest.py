"""Guards with real children, on a real server that is open to all."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.supervisor.guard.nursery import NOWHERE, Nursery, Office

from interlock.bus import server
from interlock.bus.nats_bus import connect
from interlock.bus.server import Server


@pytest.fixture(scope="session")
def nats(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests."""
    running = server.start(tmp_path_factory.mktemp("server"))
    yield running
    running.stop()


@pytest.fixture
async def office(nats: Server) -> AsyncIterator[Office]:
    """An empty log, an operator and a supervisor."""
    operator, supervisor = await connect(nats.url, "alice"), await connect(nats.url, "supervisor-1")
    office = Office(operator, supervisor)
    await office.burn()
    await office.make()
    await office.listen()
    yield office
    await operator.close()
    await supervisor.close()


@pytest.fixture
async def lonely(tmp_path: Path) -> AsyncIterator[Nursery]:
    """Guards without a bus."""
    nursery = Nursery(tmp_path, NOWHERE)
    yield nursery
    await nursery.close()


@pytest.fixture
async def nursery(tmp_path: Path, nats: Server, office: Office) -> AsyncIterator[Nursery]:
    """Guards on the bus."""
    assert office
    made = Nursery(tmp_path, nats.url)
    yield made
    await made.close()
