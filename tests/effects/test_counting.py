"""A grant that may be too small for its prompt: it is counted, then sent, or the log is told the count."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest
from tests.effects.conftest import (
    TASK,
    Office,
    Provider,
    Reply,
    endpoint,
    events,
    question,
    refusal,
    whole,
)

from interlock.contracts.budget import NOTHING, Amounts
from interlock.contracts.effect import EffectAborted, EffectCompleted, EffectCounted, EffectFailed
from interlock.effects.calls import Calls
from interlock.effects.models import allowance
from interlock.effects.settings import EffectSettings

LONG = question(prompt="word " * 4_000, model="anthropic/claude-tiny")
SMALL = Amounts(tokens=8_064, model_calls=1)
SPOKEN = Reply(
    events(
        {"type": "message_start", "message": {"usage": {"input_tokens": 4_100, "output_tokens": 1}}},
        {"type": "content_block_delta", "delta": {"text": "42"}},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 4}},
    )
)
COUNT, SEND = "/v1/messages/count_tokens", "/v1/messages"


@pytest.fixture
async def calls(settings: EffectSettings, provider: Provider) -> AsyncIterator[Calls]:
    where = endpoint(provider.url, "ANTHROPIC")
    made = Calls(msgspec.structs.replace(settings, models=("anthropic/claude-tiny",), anthropic=where))
    yield made
    await made.close()


def paths(provider: Provider) -> list[str]:
    return [asked.path for asked in provider.asked]


async def small_grant(office: Office, **fields: int) -> None:
    await office.grant(LONG, reserved=SMALL, max_output_tokens=64, to_count=True, **fields)


async def test_a_count_that_fits_is_sent_and_settled_as_usual(
    office: Office, calls: Calls, provider: Provider
) -> None:
    await office.open(calls)
    provider.will(whole({"input_tokens": 4_100}), SPOKEN)
    await small_grant(office)
    (outcome,) = await office.until_ended()
    (end,) = await office.until_logged()
    assert outcome.end == "completed"
    assert isinstance(end.body, EffectCompleted)
    assert end.body.used.tokens == 4_104
    assert paths(provider) == [COUNT, SEND]


@pytest.mark.parametrize(
    ("answer", "prompt_tokens"),
    [(whole({"input_tokens": 8_000}), 8_500), (refusal(404, "no such service"), 0), (whole({}), 0)],
    ids=["counted", "no_such_service", "no_count"],
)
async def test_a_count_that_does_not_fit_is_told_to_the_log_and_to_nobody_else(
    office: Office, calls: Calls, provider: Provider, answer: Reply, prompt_tokens: int
) -> None:
    await office.open(calls)
    provider.will(answer)
    await small_grant(office)
    (end,) = await office.until_logged()
    assert end.body == EffectCounted(effect=50, grant=1, prompt_tokens=prompt_tokens)
    assert paths(provider) == [COUNT]
    # And whoever asked hears only of the next grant
    provider.will(SPOKEN)
    await office.grant(LONG, grant=2, reserved=Amounts(tokens=99_000, model_calls=1), max_output_tokens=64)
    (outcome,) = await office.until_ended()
    assert outcome.end == "completed"


async def test_what_was_counted_before_is_not_counted_again(
    office: Office, calls: Calls, provider: Provider
) -> None:
    await office.open(calls)
    provider.will(SPOKEN)
    # Given a grant by the count of an earlier one
    await office.grant(
        LONG,
        grant=2,
        reserved=Amounts(tokens=8_564, model_calls=1),
        max_output_tokens=64,
        counted_tokens=8_500,
    )
    (outcome,) = await office.until_ended()
    assert outcome.end == "completed"
    assert paths(provider) == [SEND]


async def test_a_count_that_is_beyond_its_own_grant_is_a_failure(
    office: Office, calls: Calls, provider: Provider
) -> None:
    await office.open(calls)
    provider.will(whole({"input_tokens": 1}))
    await office.grant(LONG, reserved=SMALL, max_output_tokens=64, counted_tokens=8_001)
    (end,) = await office.until_logged()
    assert isinstance(end.body, EffectFailed)
    assert end.body.used == NOTHING
    assert "8001 tokens" in end.body.message
    assert not provider.asked


async def test_a_simpler_form_of_a_counted_request_is_looked_at_by_itself(
    office: Office, calls: Calls, provider: Provider
) -> None:
    # Given a provider that refuses the first form of a request, which had been counted
    await office.open(calls)
    provider.will(refusal(400, "temperature is not supported"), whole({"input_tokens": 9_000}))
    await office.grant(LONG, grant=2, reserved=SMALL, max_output_tokens=64, counted_tokens=8_000)
    (end,) = await office.until_logged()
    # Then the next form is counted as it would be sent, and not sent
    assert isinstance(end.body, EffectFailed)
    assert end.body.used == NOTHING
    assert paths(provider) == [SEND, COUNT]


async def test_a_service_that_does_not_answer_is_not_waited_for(
    office: Office, calls: Calls, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(allowance, "COUNT_S", 0.1)
    await office.open(calls)
    provider.will(Reply(held=True))
    await small_grant(office)
    (end,) = await office.until_logged()
    assert end.body == EffectCounted(effect=50, grant=1)


async def test_a_call_killed_while_it_is_counted_never_started(
    office: Office, calls: Calls, provider: Provider
) -> None:
    await office.open(calls)
    provider.will(Reply(held=True))
    await small_grant(office)
    await asyncio.wait_for(provider.came.wait(), 5)
    await office.control("kill", "task", str(TASK))
    (end,) = await office.until_logged()
    assert isinstance(end.body, EffectAborted)
    assert not end.body.started
