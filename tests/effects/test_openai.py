"""A model behind OpenAI's chat completions, over real HTTP on loopback."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
import uvloop
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
from tests.effects.vanishing import vanishing

from interlock.contracts.budget import NOTHING, Amounts
from interlock.contracts.message import Json
from interlock.effects.errors import (
    BrokenOff,
    Busy,
    CutOff,
    EffectError,
    NotAllowed,
    Refused,
    Unreachable,
)
from interlock.effects.models.answer import Answer
from interlock.effects.models.openai import OpenAiModel
from interlock.effects.prices import PriceList
from interlock.effects.settings import EffectSettings

USAGE: Json = {"prompt_tokens": 11, "completion_tokens": 4}
USED = Amounts(tokens=15, model_calls=1)
PLAIN = ("content-type: application/json",)


def chunk(text: str | None = None, ended: str | None = None) -> Json:
    return {"choices": [{"delta": {"content": text}, "finish_reason": ended}]}


def spoken(*texts: str, ended: str = "stop", usage: Json | None = USAGE) -> Reply:
    told: tuple[Json, ...] = () if usage is None else ({"choices": [], "usage": usage},)
    return Reply(events(*(chunk(text) for text in texts), chunk(ended=ended), *told, "[DONE]"))


@pytest.fixture
async def model(provider: Provider, settings: EffectSettings) -> AsyncIterator[OpenAiModel]:
    made = OpenAiModel("tiny", endpoint(provider.url), PriceList(settings), HASTE)
    yield made
    await made.close()


async def ask(model: OpenAiModel, heard: Heard | None = None, **fields: Any) -> Answer:
    call = question(**fields)
    return await model.answer(call, allowance=allowed(), docs="", on_tokens=heard or Heard())


async def failure(model: OpenAiModel, kind: type[EffectError], **fields: Any) -> EffectError:
    with pytest.raises(kind) as caught:
        await ask(model, **fields)
    return caught.value


async def test_an_answer_streams_and_its_usage_counts(provider: Provider, model: OpenAiModel) -> None:
    # Given a server that speaks in pieces
    provider.will(spoken("For", "ty-", "two"))
    heard = Heard()
    # When it is asked
    answer = await ask(model, heard)
    # Then the pieces are shown as they come, the whole is a JSON string, and its usage is the server's
    assert (msgspec.json.decode(answer.value), heard.pieces) == ("Forty-two", ["For", "ty-", "two"])
    assert answer.used == USED
    asked = provider.asked[0]
    assert (asked.path, asked.headers["authorization"]) == ("/v1/chat/completions", "bearer sk-secret")
    assert asked.body["model"] == "tiny"
    assert asked.body["max_tokens"] == 64
    assert "response_format" not in asked.body


async def test_a_schema_is_asked_for_and_a_fence_is_taken_off(provider: Provider, model: OpenAiModel) -> None:
    returns: Json = {"type": "object", "properties": {"n": {"type": "integer"}}}
    provider.will(spoken('<think>hm</think>\n```json\n{"n": 42}\n```'))
    answer = await ask(model, returns=returns)
    assert answer.value == b'{"n": 42}'
    form = provider.asked[0].body["response_format"]["json_schema"]
    assert form == {"name": "answer", "schema": returns, "strict": False}


async def test_a_schema_that_is_no_object_is_wrapped_and_unwrapped(
    provider: Provider, model: OpenAiModel
) -> None:
    provider.will(spoken('{"value": [1, 2]}'))
    answer = await ask(model, returns={"type": "array", "items": {"type": "integer"}})
    assert answer.value == b"[1,2]"
    form = provider.asked[0].body["response_format"]["json_schema"]
    assert form["strict"]
    assert form["schema"]["required"] == ["value"]


async def test_a_server_that_does_not_stream_is_understood(provider: Provider, model: OpenAiModel) -> None:
    whole = {"choices": [{"message": {"content": "42"}, "finish_reason": "stop"}], "usage": USAGE}
    provider.will(Reply((msgspec.json.encode(whole),), headers=PLAIN))
    answer = await ask(model)
    assert (answer.value, answer.used) == (b'"42"', USED)


async def test_usage_that_is_not_told_is_not_guessed(provider: Provider, model: OpenAiModel) -> None:
    provider.will(spoken("42", usage=None))
    answer = await ask(model)
    assert answer.used is None
    assert answer.bill is not None
    assert answer.bill.basis == "bound"


@pytest.mark.parametrize(
    "busy",
    [
        refusal(429, "slow down", "retry-after-ms: 30"),
        refusal(429, "slow down", "retry-after: 0"),
        refusal(503, "overloaded", "retry-after: Sun, 22 Nov 2020 09:00:00 GMT"),
    ],
)
async def test_a_busy_server_is_asked_again(provider: Provider, model: OpenAiModel, busy: Reply) -> None:
    provider.will(busy, busy, spoken("42"))
    assert (await ask(model)).value == b'"42"'
    assert len(provider.asked) == 3


async def test_the_pause_that_the_server_wants_is_kept(provider: Provider, model: OpenAiModel) -> None:
    provider.will(refusal(429, "slow down", "retry-after: 0.2"), spoken("42"))
    began = asyncio.get_running_loop().time()
    await ask(model)
    assert asyncio.get_running_loop().time() - began >= 0.2


async def test_a_pause_longer_than_the_call_may_wait_is_not_waited(
    provider: Provider, model: OpenAiModel
) -> None:
    provider.will(refusal(429, "come back tomorrow", "retry-after: 86400"))
    async with asyncio.timeout(2):
        error = await failure(model, Busy)
    assert error.transient
    assert "come back tomorrow" in str(error)
    assert len(provider.asked) == 1


async def test_a_server_that_stays_busy_is_left_alone_in_the_end(
    provider: Provider, model: OpenAiModel
) -> None:
    provider.will(refusal(503, "overloaded"))
    await failure(model, Busy)
    assert len(provider.asked) == HASTE.tries


async def test_an_exhausted_quota_is_not_waited_for(provider: Provider, model: OpenAiModel) -> None:
    provider.will(refusal(429, "You exceeded your quota", code="insufficient_quota"))
    error = await failure(model, Refused)
    assert not error.transient
    assert len(provider.asked) == 1


async def test_a_wrong_key_is_said_without_the_key(provider: Provider, model: OpenAiModel) -> None:
    provider.will(refusal(401, "Incorrect API key: sk-secret"))
    error = await failure(model, NotAllowed)
    assert not error.transient
    assert "OPENAI_API_KEY" in str(error)
    assert "sk-secret" not in str(error)
    assert error.used == NOTHING


async def test_an_unknown_model_is_named(provider: Provider, model: OpenAiModel) -> None:
    provider.will(refusal(404, "no such model"))
    error = await failure(model, Refused)
    assert not error.transient
    assert "'tiny'" in str(error)


async def test_where_nobody_listens_the_address_is_named(provider: Provider, model: OpenAiModel) -> None:
    url = provider.url
    await provider.close()
    error = await failure(model, Unreachable)
    await provider.open()
    assert not error.transient
    assert f"{url}/v1" in str(error)
    assert "OPENAI_BASE_URL" in str(error)


def test_a_connection_that_is_gone_as_soon_as_it_stands_is_like_none(settings: EffectSettings) -> None:
    async def ask() -> None:
        with vanishing() as url:
            model = OpenAiModel("tiny", endpoint(url), PriceList(settings), HASTE)
            error = await failure(model, Unreachable)
            await model.close()
        assert not error.transient
        assert error.used == NOTHING
        assert f"{url}/v1 (the connection was gone as soon as it stood)" in str(error)

    uvloop.run(ask())


@pytest.mark.parametrize(
    "reply",
    [
        Reply((b"<html>It works!</html>",), headers=("content-type: text/html",)),
        Reply(events("no json")),
        Reply(events(chunk("42"))),
        Reply(events(chunk("42")), promised_bytes=10_000),
        Reply(events(chunk("42"), {"error": {"message": "out of memory"}})),
        Reply(),
    ],
    ids=["html", "no json", "no end", "cut off", "error inside", "nothing"],
)
async def test_an_answer_that_breaks_off_is_never_bought_twice(
    provider: Provider, model: OpenAiModel, reply: Reply
) -> None:
    provider.will(reply)
    error = await failure(model, BrokenOff)
    # Then it may have been billed, and whether to ask again is for others to decide
    assert error.transient
    assert error.used is None
    assert len(provider.asked) == 1


@pytest.mark.parametrize("status", [500, 502, 504, 520, 524])
async def test_a_server_that_fails_at_work_may_bill_it_and_is_not_asked_again(
    provider: Provider, model: OpenAiModel, status: int
) -> None:
    provider.will(refusal(status, "out of order"), spoken("42"))
    error = await failure(model, BrokenOff)
    assert error.transient
    assert error.used is None
    assert len(provider.asked) == 1


async def test_a_connection_that_is_dropped_may_be_billed_and_is_not_opened_again(
    provider: Provider, model: OpenAiModel
) -> None:
    provider.will(Reply(dropped=True), spoken("42"))
    assert (await failure(model, BrokenOff)).used is None
    assert len(provider.asked) == 1


async def test_a_server_that_has_no_such_request_has_done_nothing(
    provider: Provider, model: OpenAiModel
) -> None:
    provider.will(refusal(501, "not implemented"))
    assert (await failure(model, Refused)).used == NOTHING


async def test_an_answer_beyond_its_limit_fails_with_its_cost(provider: Provider, model: OpenAiModel) -> None:
    provider.will(spoken('{"n": 4', ended="length"))
    error = await failure(model, CutOff)
    assert error.used == USED
    assert "64 tokens" in str(error)


async def test_a_model_that_declines_is_quoted(provider: Provider, model: OpenAiModel) -> None:
    declined = {"choices": [{"delta": {"refusal": "I won't."}, "finish_reason": "stop"}], "usage": USAGE}
    provider.will(Reply(events(declined, "[DONE]")))
    error = await failure(model, Refused)
    assert "I won't." in str(error)
    assert error.used == USED


async def test_what_a_server_does_not_know_is_left_out(provider: Provider, model: OpenAiModel) -> None:
    provider.will(
        refusal(400, "Unsupported parameter: 'max_tokens'; use 'max_completion_tokens'"),
        refusal(400, "temperature does not support 0 with this model"),
        refusal(400, "This response_format type is unavailable now"),
        spoken('{"n": 1}'),
    )
    answer = await ask(model, returns={"type": "object"})
    assert answer.value == b'{"n": 1}'
    last = provider.asked[-1].body
    assert last["max_completion_tokens"] == 64
    assert not {"max_tokens", "temperature", "response_format"} & set(last)
    assert '{"type":"object"}' in last["messages"][0]["content"]


async def test_any_other_refusal_is_final(provider: Provider, model: OpenAiModel) -> None:
    provider.will(refusal(400, "the prompt is too long"))
    error = await failure(model, Refused)
    assert "the prompt is too long" in str(error)
    assert len(provider.asked) == 1


async def test_a_cancelled_call_hangs_up(provider: Provider, model: OpenAiModel) -> None:
    # Given a server that has begun to speak and does not end
    provider.will(Reply(events(chunk("For")), held=True))
    asking = asyncio.create_task(ask(model))
    await asyncio.wait_for(provider.came.wait(), 5)
    # When the call is cancelled, then the server sees the connection end
    asking.cancel()
    await asyncio.wait_for(provider.hung_up.wait(), 5)
    with pytest.raises(asyncio.CancelledError):
        await asking
