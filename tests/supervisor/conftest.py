"""How properties are checked here (no deadline of wall time, since machines are shared), and a stage."""

from collections.abc import AsyncIterator

import pytest
from hypothesis import settings
from tests.supervisor.stage import Stage

settings.register_profile("house", deadline=None, print_blob=True)
settings.load_profile("house")


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    stage = Stage()
    yield stage
    await stage.end()
