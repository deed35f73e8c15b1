"""An effect worker on the bus: hello, grants, ends, switches, bye."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.effects.conftest import RESERVED, TASK, WORKER, Office, Provider, Reply, endpoint, events, question

from interlock.bus.errors import Unreachable
from interlock.bus.ports import Ack
from interlock.contracts.budget import NOTHING, Amounts
from interlock.contracts.dispatch import Cancel
from interlock.contracts.effect import (
    AskCall,
    EffectAborted,
    EffectCompleted,
    EffectFailed,
    ModelCall,
    ToolCall,
)
from interlock.contracts.message import Json
from interlock.contracts.presence import Bye, EffectHello
from interlock.contracts.step import Progress
from interlock.contracts.subjects import dispatch_subject
from interlock.effects import calls as calls_module
from interlock.effects.calls import Calls
from interlock.effects.live import Live
from interlock.effects.settings import EffectSettings

SEARCH = ToolCall(tool="search", arguments={"query": "oak"})
NOBODY: set[int] = set()
AT_ONCE_S = 1.0
BEGUN: Json = {"choices": [{"delta": {"content": "For"}}]}


@pytest.fixture
async def calls(settings: EffectSettings, provider: Provider) -> AsyncIterator[Calls]:
    models = ("offline/extractive", "instant/echo", "openai/tiny")
    made = Calls(msgspec.structs.replace(settings, models=models, openai=endpoint(provider.url)))
    yield made
    await made.close()


async def test_it_says_hello_with_what_it_offers_and_bye(office: Office, calls: Calls) -> None:
    worker = await office.open(calls)
    hello = office.said("effect", "hello")[0].body
    assert isinstance(hello, EffectHello)
    assert hello.models[0].model == "offline/extractive"
    assert [tool.tool for tool in hello.tools] == ["search", "read_file", "check_quotes", "write_file"]
    await worker.stop("enough")
    bye = office.said("effect", "bye")[0].body
    assert bye == Bye(incarnation=hello.incarnation, reason="enough")


async def test_it_says_hello_again_when_the_connection_is_restored(office: Office, calls: Calls) -> None:
    worker = await office.open(calls)
    worker.restored()
    first, second = office.said("effect", "hello")
    assert first.body == second.body


async def test_a_grant_is_done_and_told_to_the_log_and_the_agent(
    office: Office, calls: Calls, docs: Path
) -> None:
    await office.open(calls)
    # When a search is granted
    assert await office.grant(SEARCH, docs=str(docs)) == "taken"
    (outcome,) = await office.until_ended()
    # Then the agent hears its outcome under its key, and the log holds the same value with what was used
    assert (outcome.end, outcome.key, outcome.effect, outcome.task) == ("completed", "key-50", 50, TASK)
    (end,) = office.ends()
    assert (end.principal, end.verb, end.task) == (WORKER, "completed", TASK)
    assert isinstance(end.body, EffectCompleted)
    assert bytes(end.body.value) == bytes(outcome.value)
    assert end.body.used == Amounts(tool_calls=1)
    assert 0 < end.body.started_ms <= end.body.ended_ms


async def test_a_grant_that_comes_twice_is_done_once(office: Office, calls: Calls) -> None:
    await office.open(calls)
    call = question(model="instant/echo", inputs={"n": 1})
    assert [await office.grant(call) for _ in range(3)] == ["taken", "already", "already"]
    assert await office.grant(call, grant=2) == "taken"
    await office.until_ended(2)
    assert [end.body.grant for end in office.ends() if isinstance(end.body, EffectCompleted)] == [1, 2]


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (ToolCall(tool="rm", arguments={}), "no tool 'rm'"),
        (ToolCall(tool="search", arguments={"query": "oak"}), "names no documents"),
        (question(model="openai/other"), "no model 'openai/other'"),
        (question(purpose="dance"), "cannot do 'dance'"),
        (AskCall(question="May I?"), "a person"),
    ],
)
async def test_what_fails_is_told_with_its_reason(
    office: Office, calls: Calls, call: Any, complaint: str
) -> None:
    await office.open(calls)
    await office.grant(call)
    (outcome,) = await office.until_ended()
    assert outcome.end == "failed"
    assert complaint in outcome.message
    body = office.ends()[0].body
    assert isinstance(body, EffectFailed)
    assert (body.message, body.transient, body.grant) == (outcome.message, False, 1)


async def test_an_answer_that_does_not_fit_its_schema_fails_with_what_it_cost(
    office: Office, calls: Calls, provider: Provider
) -> None:
    await office.open(calls)
    chunk = {"choices": [{"delta": {"content": '{"n": "two"}'}, "finish_reason": "stop"}]}
    usage: Json = {"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 5}}
    provider.will(Reply(events(chunk, usage, "[DONE]")))
    returns = {"type": "object", "properties": {"n": {"type": "integer"}}}
    await office.grant(question(model="openai/tiny", returns=returns))
    (outcome,) = await office.until_ended()
    assert (outcome.end, outcome.transient) == ("failed", False)
    assert "$.n" in outcome.message
    body = office.ends()[0].body
    assert isinstance(body, EffectFailed)
    assert body.used == Amounts(tokens=14, model_calls=1)


async def test_a_false_quotation_never_reaches_an_agent(
    office: Office, calls: Calls, provider: Provider, docs: Path
) -> None:
    # Given a model that quotes one sentence right and one wrong
    await office.open(calls)
    right = {"quote": "An oak lives for a thousand years.", "file": "trees.md", "line": 1}
    wrong = {"quote": "An oak lives for ever.", "file": "trees.md", "line": 1}
    claims = [{"text": str(n), "citations": [one]} for n, one in enumerate((right, wrong))]
    content = msgspec.json.encode({"claims": claims}).decode()
    chunk = {"choices": [{"delta": {"content": content}, "finish_reason": "stop"}]}
    provider.will(Reply(events(chunk, "[DONE]")))
    # When it is asked
    await office.grant(question(model="openai/tiny", returns={"type": "object"}), docs=str(docs))
    (outcome,) = await office.until_ended()
    # Then the wrong one is gone and counted, the right one has its line
    assert msgspec.json.decode(bytes(outcome.value)) == {
        "claims": [{"text": "0", "citations": [right | {"line": 5}]}],
        "discarded_quotes": 1,
    }
    # And what the server did not count is charged in full
    body = office.ends()[0].body
    assert isinstance(body, EffectCompleted)
    assert body.used == RESERVED


async def test_an_answer_too_large_to_travel_fails(
    office: Office, calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls_module, "VALUE_BYTES_MAX", 100)
    await office.open(calls)
    await office.grant(question(model="instant/echo", inputs={"text": "x" * 200}))
    (outcome,) = await office.until_ended()
    assert outcome.end == "failed"
    assert "at most 100" in outcome.message


async def test_tokens_are_shown_as_they_come_but_not_one_by_one(
    office: Office, calls: Calls, provider: Provider
) -> None:
    await office.open(calls)
    words: list[Json] = [{"choices": [{"delta": {"content": f"w{n} "}}]} for n in range(200)]
    end: Json = {"choices": [{"delta": {}, "finish_reason": "stop"}]}
    provider.will(Reply(events(*words, end, "[DONE]")))
    await office.grant(question(model="openai/tiny"))
    (outcome,) = await office.until_ended()
    shown = [msgspec.json.decode(data, type=Progress) for data in office.shown]
    assert "".join(one.text for one in shown) == msgspec.json.decode(bytes(outcome.value))
    assert all(one.tokens and one.principal == WORKER for one in shown)
    assert len(shown) < 20


async def in_flight(office: Office, provider: Provider, effect: int = 50, **fields: Any) -> None:
    """Grant a call that does not end, and wait until the provider has it."""
    provider.will(Reply(events(BEGUN), held=True))
    provider.came.clear()
    await office.grant(question(model="openai/tiny"), effect, **fields)
    await asyncio.wait_for(provider.came.wait(), 5)


@pytest.mark.parametrize("scope", [("task", str(TASK)), ("fleet",)])
async def test_a_kill_aborts_the_call_in_flight(
    office: Office, calls: Calls, provider: Provider, scope: tuple[str, ...]
) -> None:
    await office.open(calls)
    await in_flight(office, provider)
    # When a person kills the task, or everything
    async with asyncio.timeout(AT_ONCE_S):
        await office.control("kill", *scope)
        (outcome,) = await office.until_ended()
        # Then at once the agent knows, the log knows, and the provider's connection has ended
        await provider.hung_up.wait()
    assert outcome.end == "aborted"
    body = office.ends()[0].body
    assert isinstance(body, EffectAborted)
    assert body.started
    assert body.reason == f"alice killed {' '.join(scope)}: it runs away"


async def test_a_killed_task_gets_nothing_more(office: Office, calls: Calls, provider: Provider) -> None:
    await office.open(calls)
    await in_flight(office, provider)
    await in_flight(office, provider, 51, task=43)
    before = office.newest
    await office.control("kill", "task", str(TASK))
    await office.until_ended(1)
    # When a grant of the killed task comes late, then it is not begun; another task goes on
    assert await office.grant(question(model="instant/echo"), 60, as_of=before) == "taken"
    assert await office.grant(question(model="instant/echo"), 61, task=43, as_of=before) == "taken"
    await office.until_ended(3)
    late = next(end.body for end in office.ends() if getattr(end.body, "effect", 0) == 60)
    assert isinstance(late, EffectAborted)
    assert not late.started
    assert late.used == NOTHING
    assert {outcome.effect for outcome in office.outcomes if outcome.end == "aborted"} == {50, 60}


async def test_who_grants_and_knows_of_the_kill_is_obeyed(office: Office, calls: Calls) -> None:
    # Given a fleet that was killed and goes on
    await office.open(calls)
    before = office.newest
    await office.control("kill", "fleet")
    await office.control("resume", "fleet")
    # When one grant is older than the kill, and one is not, then that one begins, whatever was resumed
    await office.grant(question(model="instant/echo"), 50, as_of=before)
    await office.grant(question(model="instant/echo"), 51, as_of=before + 1)
    assert [outcome.end for outcome in await office.until_ended(2)] == ["aborted", "completed"]


@pytest.mark.parametrize(
    ("cancel", "stopped"),
    [
        (Cancel(task=TASK, effect=50), {50}),
        (Cancel(task=TASK), {50, 51}),
        (Cancel(task=TASK, step="other"), NOBODY),
        (Cancel(task=1), NOBODY),
    ],
)
async def test_the_supervisor_can_cancel_an_effect_or_a_task(
    office: Office, calls: Calls, provider: Provider, cancel: Cancel, stopped: set[int]
) -> None:
    await office.open(calls)
    await in_flight(office, provider, 50)
    await in_flight(office, provider, 51)
    assert await office.tell(cancel) == "taken"
    outcomes = await office.until_ended(len(stopped))
    assert {outcome.effect for outcome in outcomes} == stopped


async def test_a_cancel_in_the_same_breath_as_the_grant_is_heard(office: Office, calls: Calls) -> None:
    # Given a grant and its cancel that arrive before the worker has begun
    await office.open(calls)
    # When both are handled in one turn of the loop
    async with asyncio.TaskGroup() as both:
        both.create_task(office.grant(question(model="instant/echo"), 50))
        both.create_task(office.tell(Cancel(task=TASK)))
    # Then the effect has one end, whichever it is
    (outcome,) = await office.until_ended()
    (end,) = office.ends()
    assert outcome.end == end.verb


async def test_beyond_its_capacity_it_fails_for_now(office: Office, calls: Calls, provider: Provider) -> None:
    await office.open(calls, capacity=1)
    await in_flight(office, provider)
    await office.grant(question(model="instant/echo"), 51)
    (outcome,) = await office.until_ended()
    assert (outcome.effect, outcome.end, outcome.transient) == (51, "failed", True)


async def test_stopping_aborts_what_is_in_flight_and_says_so(
    office: Office, calls: Calls, provider: Provider
) -> None:
    worker = await office.open(calls)
    await in_flight(office, provider)
    await worker.stop("told to stop")
    (end,) = office.ends()
    assert isinstance(end.body, EffectAborted)
    assert end.body.started
    assert [one.verb for one in office.said("effect", "aborted", "bye")] == ["aborted", "bye"]


def away_twice(office: Office, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let the log be away for the next two records; return the ids under which all are said."""
    whole = office.bus.append_soon
    tries: list[str] = []

    def append_soon(subject: str, data: bytes, *, message_id: str = "", **others: Any) -> asyncio.Future[Ack]:
        tries.append(message_id)
        if len(tries) > 2:
            return whole(subject, data, message_id=message_id, **others)
        failed: asyncio.Future[Ack] = asyncio.get_running_loop().create_future()
        failed.set_exception(Unreachable("the server is away"))
        return failed

    monkeypatch.setattr(office.bus, "append_soon", append_soon)
    return tries


async def test_an_end_is_said_until_the_log_has_it(
    office: Office, calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = await office.open(calls)
    tries = away_twice(office, monkeypatch)
    # When an effect ends, then the agent knows at once, and the log in the end, under one id
    await office.grant(question(model="instant/echo"))
    await office.until_ended()
    await office.until_logged()
    assert tries == [f"{worker.incarnation}.50.1"] * 3
    # And the agent is told once more: its outcome may have been lost with the connection
    first, second = await office.until_ended(2)
    assert first == second


async def test_stopping_waits_a_little_for_a_log_that_is_away(
    office: Office, calls: Calls, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = await office.open(calls)
    await in_flight(office, provider)
    away_twice(office, monkeypatch)
    await worker.stop("told to stop")
    assert [end.verb for end in office.ends()] == ["aborted"]


async def test_a_stream_is_shown_in_few_messages(office: Office) -> None:
    await office.supervisor.listen("interlock.live.>", office.see)
    live = Live(office.bus, TASK, "facts")
    for number in range(200):
        live.tell(f"{number} ")
        await asyncio.sleep(0)
    await live.end()
    await asyncio.sleep(0)
    texts = [msgspec.json.decode(data, type=Progress).text for data in office.shown]
    assert "".join(texts) == "".join(f"{number} " for number in range(200))
    assert len(texts) < 10


async def test_a_call_that_takes_too_long_fails_for_now(
    office: Office, settings: EffectSettings, provider: Provider
) -> None:
    slow = msgspec.structs.replace(settings, models=("openai/tiny",), openai=endpoint(provider.url))
    await office.open(Calls(slow, model_timeout_s=0.1))
    await in_flight(office, provider)
    (outcome,) = await office.until_ended()
    assert (outcome.end, outcome.transient) == ("failed", True)
    assert "0.1 s" in outcome.message
    body = office.ends()[0].body
    assert isinstance(body, EffectFailed)
    assert body.used == RESERVED


@pytest.mark.parametrize("data", [b"", b"{}", b'{"do":"step"}', b"\xff", b'{"do":"effect","task":"x"}'])
async def test_what_is_no_dispatch_is_not_taken_and_harms_nothing(
    office: Office, calls: Calls, data: bytes
) -> None:
    await office.open(calls)
    await office.supervisor.send(
        dispatch_subject(WORKER), data, reply="interlock.taken.supervisor.effects-1.1"
    )
    await office.supervisor.send("interlock.in.alice.control.kill.task.42", b"not JSON")
    await office.grant(ModelCall(purpose="x", prompt="", model="instant/echo"))
    assert [outcome.end for outcome in await office.until_ended()] == ["completed"]


async def test_a_grant_to_its_former_self_is_not_carried_out(
    office: Office, calls: Calls, docs: Path
) -> None:
    # Given a worker that was started again
    await office.open(calls)
    # When a grant to its predecessor still arrives, then it is answered, but not done
    assert await office.grant(SEARCH, docs=str(docs), incarnation="before") == "already"
    # And its own grant of the same effect is done, once
    assert await office.grant(SEARCH, docs=str(docs), grant=2) == "taken"
    await office.until_ended()
    (end,) = office.ends()
    assert isinstance(end.body, EffectCompleted)
    assert end.body.grant == 2
