"""Budgets: a task whose limit does not suffice parks with its work, and a raise continues it where it was."""

import asyncio
from typing import Any

import msgspec
import pytest
from tests.processes.conftest import Start
from tests.processes.model_server import MODEL, ModelServer

from interlock.console.sayings import raise_limit
from interlock.contracts import facts as f
from interlock.contracts.budget import Amounts, Budget
from interlock.contracts.plan import Plan

pytestmark = pytest.mark.processes

DEAR = f'[models."{MODEL}"]\ninput_usd_per_mtok = 10.0\noutput_usd_per_mtok = 30.0\n'


@pytest.mark.parametrize(
    ("limit", "more"),
    [
        (Budget(tokens=8_000), Amounts(tokens=50_000)),
        (Budget(model_calls=3), Amounts(model_calls=10)),
        (Budget(tool_calls=1), Amounts(tool_calls=20)),
        (Budget(steps=2), Amounts(steps=10)),
        (Budget(spend_usd_micros=80_000), Amounts(spend_usd_micros=1_000_000)),
    ],
    ids=["tokens", "model_calls", "tool_calls", "steps", "money"],
)
async def test_an_exhausted_limit_parks_and_a_raise_continues(
    start: Start, model: ModelServer, limit: Budget, more: Amounts
) -> None:
    # Given a model that uses much, and a task that may use little
    model.tokens_per_request = 1_500
    environment = await start(model, prices=DEAR)
    task = await environment.submit(budget=limit)
    # When its limit is reached in the middle
    parked = await task.first(f.Parked)
    # Then it waits for a person, says why, and has not spent more
    assert parked.kind == "budget"
    dimension = next(name for name in Budget.__struct_fields__ if getattr(limit, name) is not None)
    assert dimension in parked.reason
    view = await environment.view(task.task)
    assert (view.status, view.parked_kind) == ("parked", "budget")
    assert getattr(view.total, dimension) <= getattr(limit, dimension)
    assert 0 < len(model.requests) < 5
    # And when the limit is raised, it completes, with no effect repeated
    await raise_limit(environment.bus, task.task, more)
    await task.completed()
    assert set(model.bought().values()) == {1}
    assert len(model.bought()) == 5
    assert_settled_once(task.facts)


async def test_used_up_wall_time_parks(start: Start, model: ModelServer) -> None:
    # Given a model that takes longer than the task may
    model.hold("answer")
    environment = await start(model)
    task = await environment.submit(budget=Budget(wall_ms=1_500))
    # When the time is over
    parked = await task.first(f.Parked)
    assert parked.kind == "budget"
    assert "wall_ms" in parked.reason
    # Then what is in flight may end, but nothing more begins
    await model.release()
    await task.first(f.EffectHeld, waits_for="switch")
    # And with more time it completes, with no effect repeated
    await raise_limit(environment.bus, task.task, Amounts(wall_ms=60_000))
    await task.completed()
    assert set(model.bought().values()) == {1}


async def test_a_parked_task_is_parked_for_a_new_supervisor(start: Start, model: ModelServer) -> None:
    # Given a task that is parked for its budget
    environment = await start(model)
    task = await environment.submit(budget=Budget(model_calls=3))
    await task.first(f.Parked)
    # When the supervisor is killed, and its successor hears of a raise
    environment.strike("supervisor-1")
    await raise_limit(environment.bus, task.task, Amounts(model_calls=10))
    # Then the task completes, with no effect repeated
    await task.completed()
    assert set(model.bought().values()) == {1}


async def test_calls_at_once_never_spend_more_than_the_limit(start: Start, model: ModelServer) -> None:
    # Given a plan of many steps at once, each of which wants to ask the model, and money for few
    model.hold("queries")
    environment = await start(model)
    steps: list[dict[str, Any]] = [
        {"id": f"s{n}", "role": "researcher", "input": {"question": f"What is number {n}?"}} for n in range(8)
    ]
    task = await environment.submit(
        plan=msgspec.convert({"steps": steps}, Plan), review=False, budget=Budget(model_calls=4)
    )
    # When all have asked
    async with asyncio.timeout(10):
        await task.first(f.EffectHeld, times=4)
        await model.asked("queries", times=4)
    # Then only so many calls are made as are paid for, and the others wait until the task parks
    assert len(model.requests) == 4
    await model.release()
    parked = await task.first(f.Parked)
    assert "model_calls" in parked.reason
    assert len(model.requests) == 4


def assert_settled_once(facts: list[f.Fact]) -> None:
    settled = [fact.effect for fact in facts if isinstance(fact, f.EffectSettled)]
    assert len(settled) == len(set(settled))
