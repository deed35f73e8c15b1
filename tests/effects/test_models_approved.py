"""A model to whose use people had to agree: the worker looks whether to this one, there, and to this call."""

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from tests.effects.conftest import Office, Provider, Reply, endpoint, events, question
from tests.effects.test_approvals import Bank

from interlock.bus.clock import now_ms
from interlock.contracts.approval import Approval, digest_of
from interlock.contracts.effect import AskCall, EffectCompleted, EffectFailed, ToolCall
from interlock.contracts.people import Need
from interlock.effects.calls import Calls
from interlock.effects.settings import EffectSettings

CALL = question(model="openai/tiny", prompt="Who is ill?", max_output_tokens=64)
JUDGED: dict[str, Any] = {
    "purpose": "answer",
    "prompt": "Who is ill?",
    "inputs": {},
    "returns": {},
    "model": "openai/tiny",
    "prompt_version": "",
    "max_output_tokens": 64,
    "temperature": 0.0,
    "data_class": "confidential",
    "region": "us",
}
PRICES = '[models."openai/tiny"]\nprice = "free"\nregion = "us"\ndata_class = "confidential"\n'
PRIVACY = (Need(role="privacy"),)
MINUTE_MS = 60_000


class Surgery:
    """Somebody of privacy, a worker with a model, and the model's provider."""

    def __init__(self, bank: Bank, provider: Provider) -> None:
        self.bank = bank
        self.provider = provider
        self.office = bank.office

    def agrees(self, judged: dict[str, Any] = JUDGED, tool: str = "model:openai/tiny") -> Approval:
        return self.bank.agrees("pia", tool=tool, arguments=digest_of(judged))

    async def grant(self, *approvals: Approval, call: Any = CALL, **fields: Any) -> None:
        asked: dict[str, Any] = {"needs": PRIVACY, "approved_until_ms": now_ms() + MINUTE_MS}
        fields = asked | fields
        await self.office.grant(call, approvals=approvals, **fields)

    async def refusal(self) -> str:
        """Return why it was not done; nothing was sent."""
        (end,) = await self.office.until_logged()
        assert isinstance(end.body, EffectFailed)
        assert (end.body.transient, self.provider.asked) == (False, [])
        return end.body.message


@pytest.fixture
def prices(tmp_path: Path) -> Path:
    """The price of the model, and where it runs."""
    path = tmp_path / "tests.toml"
    path.write_text(PRICES)
    return path


@pytest.fixture
async def surgery(office: Office, settings: EffectSettings, provider: Provider) -> Surgery:
    chunk = {"choices": [{"delta": {"content": "Nobody."}, "finish_reason": "stop"}]}
    usage: dict[str, Any] = {"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 5}}
    provider.will(Reply(events(chunk, usage, "[DONE]")))
    bank = Bank(office, settings.workspaces)
    await office.open(Calls(replace(settings, openai=endpoint(provider.url))))
    await bank.entitle("pia", "privacy")
    await bank.submit("alice")
    return Surgery(bank, provider)


async def test_what_somebody_has_agreed_to_is_asked(surgery: Surgery) -> None:
    await surgery.grant(surgery.agrees())
    (end,) = await surgery.office.until_logged()
    assert isinstance(end.body, EffectCompleted)
    assert len(surgery.provider.asked) == 1


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("prompt", "Who is well?"),
        ("inputs", {"ward": 3}),
        ("returns", {"type": "string"}),
        ("purpose", "report"),
        ("max_output_tokens", 65),
        ("temperature", 0.5),
        ("prompt_version", "1"),
        ("region", "eu"),
        ("data_class", "internal"),
        ("model", "openai/other"),
    ],
)
async def test_a_word_for_any_other_call_or_place_does_not_count(
    surgery: Surgery, part: str, value: Any
) -> None:
    await surgery.grant(surgery.agrees(JUDGED | {part: value}))
    assert "it is of other arguments" in await surgery.refusal()


async def test_a_word_for_another_model_does_not_count(surgery: Surgery) -> None:
    await surgery.grant(surgery.agrees(tool="model:openai/other"))
    assert "it is of model:openai/other, not of model:openai/tiny" in await surgery.refusal()


async def test_a_word_for_a_tool_of_that_name_does_not_count_nor_one_for_the_model_for_the_tool(
    surgery: Surgery,
) -> None:
    await surgery.grant(surgery.agrees(tool="openai/tiny"))
    assert "it is of openai/tiny, not of model:openai/tiny" in await surgery.refusal()
    tool = ToolCall(tool="openai/tiny", arguments=JUDGED)
    await surgery.grant(surgery.agrees(), call=tool, grant=2)
    _, end = await surgery.office.until_logged(2)
    assert isinstance(end.body, EffectFailed)
    assert "it is of model:openai/tiny, not of openai/tiny" in end.body.message


async def test_more_output_than_was_judged_is_not_asked_for(surgery: Surgery) -> None:
    await surgery.grant(surgery.agrees(), max_output_tokens=65)
    assert "may answer with 65 tokens: people have agreed to 64" in await surgery.refusal()


@pytest.mark.parametrize(
    "call", [AskCall(question="May I?"), replace(CALL, model=""), replace(CALL, model="openai/other")]
)
async def test_nobody_agrees_to_what_is_no_tool_and_no_model_here(surgery: Surgery, call: Any) -> None:
    await surgery.grant(surgery.agrees(), call=call)
    assert "is of no tool or model here" in await surgery.refusal()


async def test_it_expires(surgery: Surgery) -> None:
    await surgery.grant(surgery.agrees(), approved_until_ms=now_ms() - 1)
    assert "has expired" in await surgery.refusal()
