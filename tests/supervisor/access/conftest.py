"""A site for each test that needs one."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.supervisor.access.site import Site


@pytest.fixture
async def bare(tmp_path: Path) -> AsyncIterator[Site]:
    """A server that asks whom to admit, and nobody who answers."""
    made = Site(tmp_path / "state")
    yield made
    await made.end()


@pytest.fixture
async def site(bare: Site) -> Site:
    """The same with an access service, a log, and alice who reads it."""
    await bare.begin()
    return bare
