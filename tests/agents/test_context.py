"""What a handler gets for its calls: values in the asked type, one repair, errors that say what happened."""

import asyncio
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest
from tests.agents.conftest import Peer, Thinker

from interlock.agents import (
    Context,
    EffectAborted,
    EffectDenied,
    EffectFailed,
    InDoubt,
    Recommended,
    UnfitAnswer,
)
from interlock.contracts.effect import AskCall, EffectEnd, ModelCall, ToolCall
from interlock.contracts.step import StepFailure, StepResult

Json = dict[str, Any]


class City(msgspec.Struct):
    name: str
    people: int


@dataclass
class River:
    name: str


def value_of(end: StepResult | StepFailure) -> Any:
    assert isinstance(end, StepResult), end
    return msgspec.json.decode(end.value)


async def test_a_model_call_says_what_the_handler_said(peer: Peer, thinker: Thinker) -> None:
    # Given a handler that asks for a typed answer, in a task with its own model
    async def handle(_step: Json, ctx: Context) -> int:
        city = await ctx.model(
            "Where?", returns=City, purpose="place", inputs={"near": "sea"}, prompt_version="v7"
        )
        return city.people

    await peer.join(thinker(handle))
    # When the model answers
    await peer.assign({}, model="openai/x")
    request = await peer.asked()
    await peer.answer(request.key, {"name": "Riga", "people": 600})
    # Then the call carried the words, the data, the schema and the task's model, and the answer is a City
    call = request.call
    assert isinstance(call, ModelCall)
    assert (call.prompt, call.purpose, call.inputs) == ("Where?", "place", {"near": "sea"})
    assert (call.model, call.prompt_version) == ("openai/x", "v7")
    assert call.returns["type"] == "object"
    assert set(call.returns["properties"]) == {"name", "people"}
    assert value_of(await peer.ends.get()) == 600


async def test_without_a_type_the_answer_is_text_and_the_purpose_is_the_role(
    peer: Peer, thinker: Thinker
) -> None:
    async def handle(_step: Json, ctx: Context) -> str:
        return await ctx.model("Say hello")

    await peer.join(thinker(handle))
    peer.script = lambda call: call.purpose if isinstance(call, ModelCall) and not call.returns else None
    assert value_of(await peer.work({})) == "thinker"


@pytest.mark.parametrize(
    "answer", ['{"name": "Riga", "people": 6}', '```json\n{"name": "Riga", "people": 6}\n```']
)
async def test_json_in_a_text_answer_is_read(peer: Peer, thinker: Thinker, answer: str) -> None:
    async def handle(_step: Json, ctx: Context) -> int:
        return (await ctx.model("Where?", returns=City)).people

    await peer.join(thinker(handle))
    peer.script = lambda _call: answer
    assert value_of(await peer.work({})) == 6


async def test_an_answer_that_does_not_fit_is_repaired_once(peer: Peer, thinker: Thinker) -> None:
    async def handle(_step: Json, ctx: Context) -> int:
        return (await ctx.model("Where?", returns=City)).people

    await peer.join(thinker(handle))
    # Given a first answer that does not fit
    await peer.assign({})
    first = await peer.asked()
    await peer.answer(first.key, {"name": "Riga", "people": "many"})
    # When the second does
    second = await peer.asked()
    await peer.answer(second.key, {"name": "Riga", "people": 6})
    # Then it counts, and it was an effect of its own whose prompt says what was wrong and where
    assert value_of(await peer.ends.get()) == 6
    assert second.key != first.key
    assert isinstance(second.call, ModelCall)
    assert second.call.prompt.startswith("Where?")
    assert '"many"' in second.call.prompt
    assert "`$.people`" in second.call.prompt
    assert "`$.people`" in second.call.inputs["unfit"]


async def test_an_answer_that_the_effect_worker_found_unfit_is_repaired_too(
    peer: Peer, thinker: Thinker
) -> None:
    async def handle(_step: Json, ctx: Context) -> int:
        return (await ctx.model("Where?", returns=City)).people

    await peer.join(thinker(handle))
    await peer.assign({})
    sentence = "the answer does not fit what was asked for: $.people: 'many' is not of type 'integer'"
    await peer.answer((await peer.asked()).key, None, "failed", message=sentence)
    second = await peer.asked()
    assert isinstance(second.call, ModelCall)
    assert "$.people" in second.call.prompt
    await peer.answer(second.key, {"name": "Riga", "people": 6})
    assert value_of(await peer.ends.get()) == 6


async def test_a_second_unfit_answer_fails_the_step_for_good(peer: Peer, thinker: Thinker) -> None:
    async def handle(_step: Json, ctx: Context) -> int:
        return (await ctx.model("Where?", returns=City)).people

    await peer.join(thinker(handle))
    peer.script = lambda _call: "no idea"
    end = await peer.work({})
    assert isinstance(end, StepFailure)
    assert end.kind == "permanent"
    assert "City" in end.message
    assert len(peer.said("effect")) == 2


async def test_a_tool_result_comes_as_json_or_in_the_asked_type(peer: Peer, thinker: Thinker) -> None:
    async def handle(_step: Json, ctx: Context) -> list[str]:
        plain = await ctx.tool("look", query="x", limit=3)
        typed = await ctx.tool("look", returns=River, query="y")
        return [plain["name"], typed.name]

    await peer.join(thinker(handle))
    peer.script = lambda call: {"name": call.arguments["query"]} if isinstance(call, ToolCall) else None
    assert value_of(await peer.work({})) == ["x", "y"]
    with pytest.raises(asyncio.QueueEmpty):
        peer.ends.get_nowait()


async def test_a_tool_result_of_another_type_is_an_error_without_repair(peer: Peer, thinker: Thinker) -> None:
    async def handle(_step: Json, ctx: Context) -> str:
        with pytest.raises(UnfitAnswer, match=r"look .* City"):
            await ctx.tool("look", returns=City)
        return "caught"

    await peer.join(thinker(handle))
    peer.script = lambda _call: {"name": 3}
    assert value_of(await peer.work({})) == "caught"
    assert len(peer.said("effect")) == 1


async def test_a_question_waits_for_a_person(peer: Peer, thinker: Thinker) -> None:
    async def handle(_step: Json, ctx: Context) -> str:
        return await ctx.ask("Shall I?")

    await peer.join(thinker(handle))
    await peer.assign({})
    request = await peer.asked()
    assert request.call == AskCall(question="Shall I?")
    await peer.answer(request.key, "yes, do", "answered")
    assert value_of(await peer.ends.get()) == "yes, do"


@pytest.mark.parametrize(
    ("end", "error"),
    [
        ("denied", EffectDenied),
        ("recommended", Recommended),
        ("failed", EffectFailed),
        ("aborted", EffectAborted),
        ("in_doubt", InDoubt),
        ("lost", EffectFailed),
    ],
)
async def test_every_end_without_a_value_is_an_error_that_a_handler_can_catch(
    peer: Peer, thinker: Thinker, end: EffectEnd, error: type[Exception]
) -> None:
    async def handle(_step: Json, ctx: Context) -> str:
        with pytest.raises(error, match="look: by rule 3"):
            await ctx.tool("look")
        return "caught"

    await peer.join(thinker(handle))
    await peer.assign({})
    await peer.answer((await peer.asked()).key, None, end, message="by rule 3")
    assert value_of(await peer.ends.get()) == "caught"


@pytest.mark.parametrize(
    ("end", "message", "rule", "reason"),
    [
        ("denied", "person: too much: ask the baker", "person", "too much: ask the baker"),
        ("denied", "without a rule", "", "without a rule"),
        ("recommended", "this role suggests only", "autonomy", "this role suggests only"),
    ],
)
async def test_a_no_says_by_which_rule_and_why(
    peer: Peer, thinker: Thinker, end: EffectEnd, message: str, rule: str, reason: str
) -> None:
    async def handle(_step: Json, ctx: Context) -> list[str]:
        try:
            await ctx.tool("pay")
        except EffectDenied as error:
            return [error.rule, error.reason]
        return []

    await peer.join(thinker(handle))
    await peer.assign({})
    await peer.answer((await peer.asked()).key, None, end, message=message)
    assert value_of(await peer.ends.get()) == [rule, reason]


async def test_parallel_calls_get_each_its_own_outcome(peer: Peer, thinker: Thinker) -> None:
    async def handle(_step: Json, ctx: Context) -> list[str]:
        return list(await asyncio.gather(*(ctx.tool("look", query=query) for query in "abc")))

    await peer.join(thinker(handle))
    await peer.assign({})
    requests = [await peer.asked() for _ in range(3)]
    # When the outcomes come in the reverse order
    for request in reversed(requests):
        assert isinstance(request.call, ToolCall)
        await peer.answer(request.key, request.call.arguments["query"])
    # Then each call has its own
    assert value_of(await peer.ends.get()) == ["a", "b", "c"]


async def test_a_handler_knows_its_step_and_what_came_before(peer: Peer, thinker: Thinker) -> None:
    async def handle(step: Json, ctx: Context) -> Json:
        assert ctx.deadline is not None
        return {
            "of": [ctx.task, ctx.step, ctx.attempt, ctx.goal, ctx.docs, ctx.deadline.year, *ctx.notes],
            "rivers": {name: river.name for name, river in ctx.given_as(River).items()},
            "given": ctx.given,
            "step": step,
        }

    await peer.join(thinker(handle))
    given = {"a": msgspec.Raw(b'{"name": "Daugava"}'), "b": msgspec.Raw(b"[1, 2]")}
    end = await peer.work(
        {"x": 1}, given=given, notes=("shorter",), docs="docs", deadline_ms=1_800_000_000_000
    )
    assert value_of(end) == {
        "of": [42, "s1", 1, "the goal", "docs", 2027, "shorter"],
        "rivers": {"a": "Daugava"},
        "given": {"a": {"name": "Daugava"}, "b": [1, 2]},
        "step": {"x": 1},
    }


async def test_progress_is_shown_and_not_stored(peer: Peer, thinker: Thinker) -> None:
    async def handle(_step: Json, ctx: Context) -> str:
        await ctx.progress("half way")
        return "done"

    await peer.join(thinker(handle))
    await peer.work({})
    await peer.settle()
    assert peer.shown == ["half way"]
    assert not [record for record in peer.server.records if b"half way" in record.data]


async def test_a_call_that_is_too_large_fails_before_it_is_asked(peer: Peer, thinker: Thinker) -> None:
    async def handle(_step: Json, ctx: Context) -> str:
        return await ctx.model("x" * 300_000)

    await peer.join(thinker(handle))
    end = await peer.work({})
    assert isinstance(end, StepFailure)
    assert (end.kind, "bytes" in end.message) == ("permanent", True)
    assert not peer.said("effect")
