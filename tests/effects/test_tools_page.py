"""The tool in docs/tools.md is one: it is loaded, and does what the page says."""

import re
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.effects.conftest import Office, Provider, Reply, whole

from interlock.contracts.effect import EffectCompleted, EffectFailed, ToolCall
from interlock.effects import toolbox
from interlock.effects.calls import Calls
from interlock.effects.settings import EffectSettings

PAGE = Path(__file__).parents[2] / "docs" / "tools.md"
PAY = ToolCall(tool="pay", arguments={"creditor": "baker", "amount_cents": 500})


@pytest.fixture
async def desk(
    office: Office,
    provider: Provider,
    settings: EffectSettings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Office:
    """A worker with the page's module, whose bank is the provider."""
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    (tmp_path / "desk_of_the_page.py").write_text(code)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.setenv("BANK_URL", provider.url)
    monkeypatch.setattr(toolbox, "FIRST_PAUSE_S", 0.01)
    await office.open(Calls(replace(settings, tools=("desk_of_the_page",))))
    return office


async def test_it_pays_once_though_the_bank_breaks_off(desk: Office, provider: Provider) -> None:
    provider.will(Reply(dropped=True), whole({"booking": "b-1"}))
    await desk.grant(PAY)
    (end,) = await desk.until_logged()
    assert isinstance(end.body, EffectCompleted)
    assert bytes(end.body.value) == b'{"booking":"b-1"}'
    assert [asked.headers["idempotency-key"] for asked in provider.asked] == ["42.50", "42.50"]
    assert provider.asked[0].body == PAY.arguments


async def test_it_says_what_the_bank_says(desk: Office, provider: Provider) -> None:
    provider.will(Reply((b"no such creditor",), status=404, headers=()))
    await desk.grant(PAY)
    (end,) = await desk.until_logged()
    assert isinstance(end.body, EffectFailed)
    assert (end.body.doubtful, end.body.message) == (False, "the bank refuses: no such creditor")
