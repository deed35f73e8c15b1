"""A reservation is a bound: what is sent can have no more tokens than are reserved, or it is not sent."""

from collections.abc import AsyncIterator
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
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
    whole,
)

from interlock.contracts.budget import NOTHING, Amounts
from interlock.contracts.effect import ModelCall
from interlock.contracts.facts import Demand
from interlock.contracts.message import Json, encode
from interlock.contracts.tokens import prompt_tokens
from interlock.effects.errors import NotReserved
from interlock.effects.models import openai
from interlock.effects.models.allowance import Allowance, with_margin
from interlock.effects.models.anthropic import AnthropicModel
from interlock.effects.models.concessions import conceded
from interlock.effects.models.openai import OpenAiModel
from interlock.effects.prices import PriceList
from interlock.effects.settings import EffectSettings, Endpoint, read_settings
from interlock.supervisor.core.bounds import model_bound

PLENTY = Amounts(tokens=20_064, model_calls=1)
LONG = "word " * 4_000
SPOKEN = Reply(
    events(
        {"type": "message_start", "message": {"usage": {"input_tokens": 4_100, "output_tokens": 1}}},
        {"type": "content_block_delta", "delta": {"text": "42"}},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 4}},
    )
)
ANSWERED = Reply(events({"choices": [{"delta": {"content": "42"}, "finish_reason": "stop"}]}, "[DONE]"))

NO_SCHEMA: Json = {}
NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)
RETURNS: st.SearchStrategy[Json] = st.one_of(
    st.just(NO_SCHEMA),
    st.dictionaries(NAMES, st.text(max_size=20), min_size=1, max_size=5).map(
        lambda fields: {
            "type": "object",
            "properties": {name: {"type": "string", "description": said} for name, said in fields.items()},
        }
    ),
    st.just({"type": "array", "items": {"$ref": "#/$defs/n"}, "$defs": {"n": {"type": "integer"}}}),
)


def prices_at(url: str = "") -> PriceList:
    given = read_settings({})
    return PriceList(msgspec.structs.replace(given, openai=Endpoint(url, "U", "K")) if url else given)


AT_OPENAI, ELSEWHERE = prices_at(), prices_at("http://127.0.0.1:9/v1")


@cache
def adapters(prices: PriceList) -> tuple[OpenAiModel, AnthropicModel]:
    nowhere = endpoint("http://127.0.0.1:9")
    return OpenAiModel("gpt-4o", nowhere, prices), AnthropicModel("claude-opus-5-5", nowhere, prices)


@pytest.fixture
async def claude(provider: Provider, settings: EffectSettings) -> AsyncIterator[AnthropicModel]:
    made = AnthropicModel("claude-tiny", endpoint(provider.url, "ANTHROPIC"), PriceList(settings), HASTE)
    yield made
    await made.close()


@pytest.fixture
async def gpt(provider: Provider, settings: EffectSettings) -> AsyncIterator[OpenAiModel]:
    made = OpenAiModel("tiny", endpoint(provider.url), PriceList(settings), HASTE)
    yield made
    await made.close()


@pytest.fixture
def dearer(prices: Path) -> None:
    prices.write_text('[models."openai/tiny"]\ninput_usd_per_mtok = 1\noutput_usd_per_mtok = 2\n')


async def ask(model: AnthropicModel | OpenAiModel, reserved: Amounts = PLENTY, **fields: Any) -> None:
    await model.answer(question(**fields), allowance=allowed(reserved=reserved), docs="", on_tokens=Heard())


@hypothesis_settings(deadline=None)  # the first example loads the prices
@given(prompt=st.text(max_size=200), returns=RETURNS, purpose=NAMES)
@pytest.mark.parametrize("at_openai", [True, False])
def test_what_is_sent_is_within_what_the_offer_lets_reserve(
    *, prompt: str, returns: Json, purpose: str, at_openai: bool
) -> None:
    # Given what a supervisor reserves for a call: its own bound and the offer's overhead
    call = ModelCall(purpose=purpose, prompt=prompt, returns=returns)
    prices = AT_OPENAI if at_openai else ELSEWHERE
    offers = (prices.offer("openai/gpt-4o"), prices.offer("anthropic/claude-opus-5-5"))
    at_openai_tokens, at_anthropic_tokens = (
        prompt_tokens(call) + offer.prompt_overhead_tokens for offer in offers
    )
    # When either adapter forms its request, then the most that its server can read is within that
    gpt, claude = adapters(prices)
    assert gpt.at_most(gpt.request(call, 64)) <= at_openai_tokens
    assert claude.at_most(claude.request(call, 64)) <= at_anthropic_tokens


@pytest.mark.parametrize(("prices", "overheads"), [(AT_OPENAI, (512, 1_536)), (ELSEWHERE, (1_536, 1_536))])
def test_the_schema_and_what_a_server_adds_are_part_of_what_is_looked_at(
    prices: PriceList, overheads: tuple[int, int]
) -> None:
    returns: Json = {"type": "object", "title": "t" * 5_000}
    call = question(prompt="x" * 1_000, returns=returns)
    gpt, claude = adapters(prices)
    at_most = (gpt.at_most(gpt.request(call, 64)), claude.at_most(claude.request(call, 64)))
    names = ("openai/gpt-4o", "anthropic/claude-opus-5-5")
    assert tuple(prices.offer(name).prompt_overhead_tokens for name in names) == overheads
    for seen, name in zip(at_most, names, strict=True):
        assert seen >= 1_000 + len(encode(returns)) + prices.template_tokens(name)
        assert seen > prompt_tokens(call)


@hypothesis_settings(deadline=None)  # the first example loads the prices
@given(
    prompt=st.integers(0, 150_000).map("x".__mul__),
    returns=RETURNS,
    output_tokens=st.integers(1, 32_768),
    model=st.sampled_from(["openai/gpt-4o", "openai/gpt-6.1-terra", "openai/o3"]),
)
async def test_what_the_supervisor_reserves_for_a_call_lets_it_pass(
    prompt: str, returns: Json, output_tokens: int, model: str
) -> None:
    call = ModelCall(purpose="p", prompt=prompt, returns=returns)
    needs = Demand(kind="model", name=model, prompt_tokens=prompt_tokens(call))
    reserved = model_bound(needs, AT_OPENAI.offer(model), output_tokens)
    gpt, _ = adapters(AT_OPENAI)
    at_most = gpt.at_most(gpt.request(call, output_tokens))
    await Allowance.of(reserved, output_tokens).admit(AT_OPENAI, model, at_most, _never)


async def _never() -> int | None:
    pytest.fail("what fits by its bytes is not counted")


def test_a_schema_said_in_words_is_within_it_too() -> None:
    call = question(returns={"type": "object", "properties": {"n": {"type": "integer"}}})
    gpt, _ = adapters(ELSEWHERE)
    said = conceded(gpt.request(call, 64), "no response_format", call.returns)
    assert said is not None
    offer = ELSEWHERE.offer("openai/gpt-4o")
    assert gpt.at_most(said) <= prompt_tokens(call) + offer.prompt_overhead_tokens


async def test_more_tokens_than_are_reserved_are_not_sent(provider: Provider, gpt: OpenAiModel) -> None:
    # Given a server that would answer, and a reservation one token too small
    provider.will(ANSWERED)
    needed = gpt.at_most(gpt.request(question(prompt=LONG), 64)) + 64
    with pytest.raises(NotReserved) as caught:
        await ask(gpt, Amounts(tokens=needed - 1), prompt=LONG)
    # Then nobody is asked, nothing is used, and the refusal says what is needed
    assert not provider.asked
    assert caught.value.used == NOTHING
    assert caught.value.prompt_tokens == needed - 64
    # And one token more is enough
    await ask(gpt, Amounts(tokens=needed), prompt=LONG)
    assert provider.asked[0].body["max_tokens"] == 64


@pytest.mark.usefixtures("dearer")
async def test_a_call_dearer_than_what_is_reserved_is_not_sent(
    provider: Provider, settings: EffectSettings
) -> None:
    # Given a price that has risen since the offer was made
    gpt = OpenAiModel("tiny", endpoint(provider.url), PriceList(settings), HASTE)
    provider.will(ANSWERED)
    needed = gpt.at_most(gpt.request(question(), 64))
    enough = needed + 2 * 64
    with pytest.raises(NotReserved, match=f"may cost {enough} micro-dollars"):
        await ask(gpt, Amounts(tokens=5_000, spend_usd_micros=enough - 1))
    assert not provider.asked
    await ask(gpt, Amounts(tokens=5_000, spend_usd_micros=enough))
    await gpt.close()


async def test_a_model_without_a_price_is_not_asked(provider: Provider, settings: EffectSettings) -> None:
    gpt = OpenAiModel("nobody", endpoint(provider.url), PriceList(settings), HASTE)
    with pytest.raises(NotReserved, match="an unknown price"):
        await ask(gpt, Amounts(tokens=5_000, spend_usd_micros=10**9))
    assert not provider.asked
    await gpt.close()


async def test_a_concession_that_makes_the_prompt_longer_is_looked_at_again(
    provider: Provider, gpt: OpenAiModel
) -> None:
    # Given a server that takes no schema, and a reservation that the schema in words does not fit
    returns: Json = {"type": "object"}
    provider.will(refusal(400, "This response_format type is unavailable"), ANSWERED)
    just = gpt.at_most(gpt.request(question(returns=returns), 64)) + 64
    with pytest.raises(NotReserved):
        await ask(gpt, Amounts(tokens=just), returns=returns)
    assert len(provider.asked) == 1


async def test_what_fits_only_by_the_providers_count_is_counted_first(
    provider: Provider, claude: AnthropicModel
) -> None:
    # Given 20,000 bytes of prompt, 8,000 tokens reserved, and a provider that counts 4,100
    provider.will(whole({"input_tokens": 4_100}), SPOKEN)
    returns: Json = {"type": "object"}
    await ask(claude, Amounts(tokens=8_000), prompt=LONG, returns=returns)
    # Then it is counted as it is sent, without what belongs to the answer, and sent
    counted, sent = provider.asked
    assert (counted.path, sent.path) == ("/v1/messages/count_tokens", "/v1/messages")
    assert counted.body == {key: sent.body[key] for key in ("model", "messages", "tools", "tool_choice")}


@pytest.mark.parametrize(
    "count", [whole({"input_tokens": 7_900}), whole({}), refusal(404, "no such service")]
)
async def test_what_does_not_fit_by_its_count_or_cannot_be_counted_is_not_sent(
    provider: Provider, claude: AnthropicModel, count: Reply
) -> None:
    provider.will(count, SPOKEN)
    with pytest.raises(NotReserved) as caught:
        await ask(claude, Amounts(tokens=8_000), prompt=LONG)
    assert [asked.path for asked in provider.asked] == ["/v1/messages/count_tokens"]
    assert caught.value.used == NOTHING


async def test_what_fits_by_its_bytes_is_never_counted(provider: Provider, claude: AnthropicModel) -> None:
    provider.will(SPOKEN)
    await ask(claude)
    assert [asked.path for asked in provider.asked] == ["/v1/messages"]


async def test_a_prompt_can_be_counted_without_being_sent(provider: Provider, claude: AnthropicModel) -> None:
    provider.will(whole({"input_tokens": 12}))
    assert await claude.count(question()) == 12


async def test_other_servers_have_no_service_that_counts(provider: Provider, gpt: OpenAiModel) -> None:
    assert await gpt.count(question()) is None
    assert not provider.asked


async def test_openais_own_service_counts_prompt_and_schema(
    provider: Provider, settings: EffectSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a server that stands where OpenAI's does
    monkeypatch.setattr(openai, "OPENAI_HOST", "127.0.0.1")
    gpt = OpenAiModel("tiny", endpoint(provider.url), PriceList(settings), HASTE)
    provider.will(whole({"object": "response.input_tokens", "input_tokens": 57}))
    returns: Json = {"type": "object"}
    assert await gpt.count(question(returns=returns)) == 57
    (asked,) = provider.asked
    assert asked.path == "/v1/responses/input_tokens"
    assert asked.body["input"] == [{"role": "user", "content": "How many?"}]
    assert asked.body["text"]["format"]["type"] == "json_schema"
    assert asked.body["text"]["format"]["schema"] == returns
    # And a call there names its limit and its tier as OpenAI does
    provider.will(ANSWERED)
    await ask(gpt)
    sent = provider.asked[1].body
    assert (sent["max_completion_tokens"], sent["service_tier"]) == (64, "default")
    assert "max_tokens" not in sent
    await gpt.close()


def test_a_count_gets_a_margin() -> None:
    assert (with_margin(0), with_margin(1_600), with_margin(1_601)) == (64, 1_700, 1_702)


def test_what_is_not_for_the_answer_is_for_the_prompt() -> None:
    assert Allowance.of(Amounts(tokens=100, spend_usd_micros=7), 30) == Allowance(70, 30, 7)
