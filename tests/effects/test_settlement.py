"""What the log is told of a call's cost: the provider's count, the whole reservation, or nothing."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from tests.effects.conftest import (
    RESERVED,
    TASK,
    Office,
    Provider,
    Reply,
    endpoint,
    events,
    question,
    refusal,
)

from interlock.contracts.budget import NOTHING, Amounts
from interlock.contracts.effect import Bill, EffectAborted, EffectCompleted, EffectFailed
from interlock.contracts.message import Json
from interlock.effects.calls import Calls
from interlock.effects.models import http
from interlock.effects.settings import EffectSettings

ENDED: Json = {"choices": [{"delta": {"content": "42"}, "finish_reason": "stop"}]}
USAGE: Json = {
    "prompt_tokens": 900,
    "completion_tokens": 100,
    "total_tokens": 1_000,
    "prompt_tokens_details": {"cached_tokens": 512},
    "completion_tokens_details": {"reasoning_tokens": 90},
}
COME_LATER = refusal(429, "slow down", "retry-after: 20")


class Waiting:
    """Stands where the log does, and knows when a request waits to be sent again."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()

    def info(self, event: str, **_fields: Any) -> None:
        assert event == "model_asked_again"
        self.begun.set()


@pytest.fixture
def waiting(monkeypatch: pytest.MonkeyPatch) -> Waiting:
    made = Waiting()
    monkeypatch.setattr(http, "log", made)
    return made


@pytest.fixture
def tiny(settings: EffectSettings, provider: Provider) -> EffectSettings:
    return msgspec.structs.replace(settings, models=("openai/tiny",), openai=endpoint(provider.url))


@pytest.fixture
async def calls(tiny: EffectSettings) -> AsyncIterator[Calls]:
    made = Calls(tiny)
    yield made
    await made.close()


async def ended(office: Office) -> EffectCompleted | EffectFailed | EffectAborted:
    await office.until_logged()
    body = office.ends()[0].body
    assert isinstance(body, EffectCompleted | EffectFailed | EffectAborted)
    return body


async def test_a_bill_is_told_by_kind_with_the_source_of_its_price(
    office: Office, calls: Calls, provider: Provider
) -> None:
    await office.open(calls)
    provider.will(Reply(events(ENDED, {"choices": [], "usage": USAGE}, "[DONE]")))
    await office.grant(question(), max_output_tokens=77)
    body = await ended(office)
    assert isinstance(body, EffectCompleted)
    assert body.used == Amounts(tokens=1_000, model_calls=1)
    assert body.bill is not None
    assert body.bill.price_source.startswith("free: tests.toml, as of 20")
    assert body.bill == Bill(
        price_source=body.bill.price_source,
        input_tokens=900,
        cache_read_tokens=512,
        output_tokens=100,
        reasoning_tokens=90,
    )


async def test_the_output_limit_of_the_grant_is_the_one_that_is_sent(
    office: Office, calls: Calls, provider: Provider
) -> None:
    await office.open(calls)
    provider.will(Reply(events(ENDED, "[DONE]")))
    # When an agent asks for more than was granted
    await office.grant(question(max_output_tokens=500), max_output_tokens=77)
    await office.until_ended()
    assert provider.asked[0].body["max_tokens"] == 77
    assert provider.asked[0].body.get("n", 1) == 1


async def test_what_a_server_does_not_tell_counts_in_full_and_says_so(
    office: Office, calls: Calls, provider: Provider
) -> None:
    await office.open(calls)
    provider.will(Reply(events(ENDED, "[DONE]")))
    await office.grant(question())
    body = await ended(office)
    assert isinstance(body, EffectCompleted)
    assert body.used == RESERVED
    assert body.bill is not None
    assert body.bill.basis == "bound"


async def test_a_server_that_fails_at_work_counts_in_full_and_says_so(
    office: Office, calls: Calls, provider: Provider
) -> None:
    await office.open(calls)
    provider.will(refusal(500, "out of order"))
    await office.grant(question())
    body = await ended(office)
    assert isinstance(body, EffectFailed)
    assert (body.used, body.bill) == (RESERVED, Bill(basis="bound"))


async def test_what_is_not_sent_for_want_of_a_reservation_costs_nothing(
    office: Office, calls: Calls, provider: Provider
) -> None:
    await office.open(calls)
    await office.grant(question(prompt="x" * RESERVED.tokens))
    body = await ended(office)
    assert isinstance(body, EffectFailed)
    assert (body.used, body.bill, body.transient) == (NOTHING, None, False)
    assert not provider.asked


async def test_time_that_ran_out_before_the_provider_took_it_costs_nothing(
    office: Office, tiny: EffectSettings, provider: Provider
) -> None:
    # Given a provider that is busy for longer than the call may take
    await office.open(Calls(tiny, model_timeout_s=0.3))
    provider.will(COME_LATER)
    await office.grant(question())
    body = await ended(office)
    assert isinstance(body, EffectFailed)
    assert "0.3 s" in body.message
    assert (body.used, body.bill) == (NOTHING, None)


async def test_a_call_killed_before_the_provider_took_it_never_started(
    office: Office, calls: Calls, provider: Provider, waiting: Waiting
) -> None:
    await office.open(calls)
    provider.will(COME_LATER)
    await office.grant(question())
    await asyncio.wait_for(waiting.begun.wait(), 5)
    # When it is killed while it waits to be sent again
    await office.control("kill", "task", str(TASK))
    body = await ended(office)
    assert isinstance(body, EffectAborted)
    assert not body.started
    assert body.used == NOTHING
