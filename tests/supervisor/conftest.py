"""How properties are checked here (no deadline of wall time, since machines are shared), and a stage."""

from collections.abc import AsyncIterator

import pytest
from hypothesis import settings
from tests.supervisor.stage import Stage

from interlock.supervisor import pulse, standby

settings.register_profile("house", deadline=None, print_blob=True)
settings.load_profile("house")


@pytest.fixture(autouse=True)
def _quick_takeover(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let whoever is gone be missed sooner than after a second."""
    monkeypatch.setattr(pulse, "SILENT_MS", 60)
    monkeypatch.setattr(pulse, "SURE_MS", 45)
    monkeypatch.setattr(pulse, "BEAT_S", 0.01)
    monkeypatch.setattr(standby, "WATCH_S", 0.01)


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    stage = Stage()
    yield stage
    await stage.end()
