"""What a process or a model says without sense is refused, or fails its task with one clear sentence."""

import time

import pytest
from tests.processes.conftest import Start
from tests.processes.environment import Environment
from tests.processes.model_server import MODEL, ModelServer

from interlock.contracts import facts as f
from interlock.contracts.subjects import input_subject

pytestmark = pytest.mark.processes

BOUND_S = 30.0


async def test_nonsense_of_an_agent_or_a_worker_is_refused(start: Start, model: ModelServer) -> None:
    # Given a task in hand
    model.hold("answer")
    environment = await start(model)
    task = await environment.submit()
    await model.asked("answer")
    fleet = await environment.story(0)
    # When a process says what makes no sense, or what is not its to say
    effect = b'{"step": "facts", "attempt": 9, "key": "k", "call": {"call": "tool", "tool": "search"}}'
    foreign = b'{"step": "facts", "attempt": 1, "kind": "permanent", "message": "it cannot be done"}'
    granted = task.all(f.EffectGranted)[-1].effect
    said = [
        ("researcher-1", "agent", "effect", b"{}"),
        ("researcher-1", "agent", "effect", effect),
        ("researcher-1", "agent", "result", b"\xff"),
        ("executor-1", "agent", "result", b'{"step": "facts", "attempt": 1, "value": {}}'),
        ("executor-1", "agent", "failed", foreign),
        ("effects-1", "effect", "completed", b'{"effect": 1, "grant": 1, "value": 7}'),
        ("effects-1", "effect", "completed", b'{"effect": %d, "grant": 2, "value": 7}' % granted),
        ("effects-1", "effect", "aborted", b""),
    ]
    for principal, kind, verb, data in said:
        bus = await environment.speak_as(principal)
        ack = await bus.append(input_subject(principal, kind, verb, task.task), data)
        await task.first(f.Refused, input=ack.seq)
    for principal, kind in (("researcher-1", "agent"), ("effects-1", "effect")):
        bus = await environment.speak_as(principal)
        ack = await bus.append(input_subject(principal, kind, "hello"), b'{"incarnation": 5}')
        await fleet.first(f.Refused, input=ack.seq)
    # Then the task completes all the same
    await model.release()
    await task.completed()


async def fails_soon(environment: Environment, *about: str) -> None:
    """See that a task fails within the bound, with a sentence that names the cause."""
    began = time.monotonic()
    task = await environment.submit()
    end = await task.end()
    assert isinstance(end, f.Failed), end
    assert time.monotonic() - began < BOUND_S
    assert all(words in end.reason for words in about), end.reason
    assert "\n" not in end.reason


async def test_an_unreachable_model_fails_the_task(start: Start, model: ModelServer) -> None:
    environment = await start(model)
    await model.stop()
    await fails_soon(environment, "no model answers at", "OPENAI_BASE_URL")


async def test_a_wrong_key_fails_the_task(start: Start, model: ModelServer) -> None:
    model.status = 401
    environment = await start(model, OPENAI_API_KEY="sk-wrong")
    await fails_soon(environment, "401", "OPENAI_API_KEY")


async def test_a_model_without_a_price_fails_the_task(start: Start, model: ModelServer) -> None:
    environment = await start(model, prices='[models."openai/other"]\nprice = "free"\n')
    await fails_soon(environment, MODEL, "price", "prices.toml", "input_usd_per_mtok")
    assert not model.requests
