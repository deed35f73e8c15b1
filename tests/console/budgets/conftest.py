"""A stage with a real supervisor on the in-memory bus, and a person to speak."""

from collections.abc import AsyncIterator

import pytest
from tests.supervisor.stage import Stage

from interlock.bus.memory_bus import MemoryBus


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    """A supervisor that leads, and nobody else yet."""
    stage = Stage()
    supervisor, _, _ = stage.supervise()
    await stage.until(lambda: supervisor.leads)
    yield stage
    await stage.end()


@pytest.fixture
def olga(stage: Stage) -> MemoryBus:
    """The connection of a person."""
    return stage.operator.bus
