"""A model behind Anthropic's Messages API, over real HTTP on loopback."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from tests.effects.conftest import (
    HASTE,
    Heard,
    Provider,
    Reply,
    allowed,
    endpoint,
    events,
    question,
    refusal,
)

from interlock.contracts.budget import Amounts
from interlock.contracts.message import Json
from interlock.effects.errors import BrokenOff, CutOff, EffectError, NotAllowed, Refused
from interlock.effects.models.answer import Answer
from interlock.effects.models.anthropic import AnthropicModel
from interlock.effects.prices import PriceList
from interlock.effects.settings import EffectSettings

START: Json = {
    "type": "message_start",
    "message": {
        "model": "claude-tiny",
        "usage": {"input_tokens": 10, "cache_read_input_tokens": 5, "output_tokens": 1},
    },
}
USED = Amounts(tokens=19, model_calls=1)


def piece(field: str, text: str) -> Json:
    return {"type": "content_block_delta", "delta": {field: text}}


def end(reason: str) -> Json:
    return {"type": "message_delta", "delta": {"stop_reason": reason}, "usage": {"output_tokens": 4}}


def spoken(*pieces: Json, ended: str = "end_turn") -> Reply:
    return Reply(events(START, {"type": "ping"}, *pieces, end(ended), {"type": "message_stop"}))


@pytest.fixture
async def model(provider: Provider, settings: EffectSettings) -> AsyncIterator[AnthropicModel]:
    made = AnthropicModel("claude-tiny", endpoint(provider.url, "ANTHROPIC"), PriceList(settings), HASTE)
    yield made
    await made.close()


async def ask(model: AnthropicModel, heard: Heard | None = None, **fields: Any) -> Answer:
    call = question(**fields)
    return await model.answer(call, allowance=allowed(), docs="", on_tokens=heard or Heard())


async def failure(model: AnthropicModel, kind: type[EffectError]) -> EffectError:
    with pytest.raises(kind) as caught:
        await ask(model)
    return caught.value


async def test_a_text_streams_and_its_usage_counts(provider: Provider, model: AnthropicModel) -> None:
    provider.will(spoken(piece("text", "Forty-"), piece("text", "two")))
    heard = Heard()
    answer = await ask(model, heard)
    assert (msgspec.json.decode(answer.value), heard.pieces) == ("Forty-two", ["Forty-", "two"])
    assert answer.used == USED
    asked = provider.asked[0]
    assert asked.path == "/v1/messages"
    assert (asked.headers["x-api-key"], asked.headers["anthropic-version"]) == ("sk-secret", "2023-06-01")
    assert asked.body["max_tokens"] == 64


async def test_a_schema_is_asked_for_as_a_tool_that_must_be_used(
    provider: Provider, model: AnthropicModel
) -> None:
    returns: Json = {"type": "object", "properties": {"n": {"type": "integer"}}}
    provider.will(spoken(piece("partial_json", '{"n"'), piece("partial_json", ": 42}"), ended="tool_use"))
    assert (await ask(model, returns=returns)).value == b'{"n": 42}'
    body = provider.asked[0].body
    assert body["tools"][0]["input_schema"] == returns
    assert body["tool_choice"] == {"type": "tool", "name": "answer"}


async def test_an_overloaded_server_is_asked_again(provider: Provider, model: AnthropicModel) -> None:
    provider.will(refusal(529, "Overloaded"), spoken(piece("text", "42")))
    assert (await ask(model)).value == b'"42"'


@pytest.mark.parametrize(
    "reply",
    [
        Reply(
            events(START, {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}})
        ),
        Reply(events(START, piece("text", "4"))),
    ],
)
async def test_an_answer_that_breaks_off_is_never_bought_twice(
    provider: Provider, model: AnthropicModel, reply: Reply
) -> None:
    provider.will(reply)
    error = await failure(model, BrokenOff)
    assert error.used is None
    assert len(provider.asked) == 1


async def test_what_ends_otherwise_is_told_with_its_cost(provider: Provider, model: AnthropicModel) -> None:
    provider.will(spoken(piece("text", "Forty"), ended="max_tokens"))
    assert (await failure(model, CutOff)).used == USED
    provider.will(spoken(ended="refusal"))
    assert (await failure(model, Refused)).used == USED


async def test_without_a_key_nobody_is_asked(provider: Provider, settings: EffectSettings) -> None:
    model = AnthropicModel("claude-tiny", endpoint(provider.url, "ANTHROPIC", ""), PriceList(settings), HASTE)
    assert "ANTHROPIC_API_KEY is not set" in str(await failure(model, NotAllowed))
    assert not provider.asked
    await model.close()


async def test_a_model_without_temperature_is_asked_without_it(
    provider: Provider, model: AnthropicModel
) -> None:
    provider.will(refusal(400, "`temperature` is deprecated for this model"), spoken(piece("text", "42")))
    assert (await ask(model)).value == b'"42"'
    assert "temperature" not in provider.asked[1].body
