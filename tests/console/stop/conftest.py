"""A terminal for each test of a command."""

import pytest
from tests.console.stop.terminal import Terminal


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A terminal beside an empty log."""
    return Terminal(monkeypatch)
