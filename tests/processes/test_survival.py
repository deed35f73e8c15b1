"""Any process may be killed in the middle of a run: the task completes and nothing is bought twice."""

import asyncio

import pytest
from tests.processes.conftest import Start
from tests.processes.model_server import ModelServer

from interlock.contracts import facts as f

pytestmark = pytest.mark.processes

SOON_S = 8.0
AGENTS = {"planner": "plan", "researcher": "answer", "executor": "report", "reviewer": "review"}


@pytest.mark.parametrize(("role", "purpose"), AGENTS.items())
async def test_an_agent_is_replaced_and_buys_nothing_again(
    start: Start, model: ModelServer, role: str, purpose: str
) -> None:
    # Given a task whose agent waits for a model that takes its time
    model.hold(purpose)
    environment = await start(model)
    task = await environment.submit()
    await model.asked(purpose)
    # When the agent is killed, and its successor has asked for the same
    environment.strike(f"{role}-1")
    lost = await task.first(f.StepLost, principal=f"{role}-1")
    await task.first(f.EffectRepeated, attempt=lost.attempt + 1)
    await model.release()
    # Then the task completes, and every question was asked of the model exactly once
    await task.completed()
    assert set(model.bought().values()) == {1}
    assert len(model.bought()) == 5


async def test_all_agents_are_replaced_at_once(start: Start, model: ModelServer) -> None:
    # Given a task in the middle of its research
    model.hold("answer")
    environment = await start(model)
    task = await environment.submit()
    await model.asked("answer")
    # When every agent is killed
    environment.strike(*(f"{role}-1" for role in AGENTS))
    await task.first(f.EffectRepeated)
    await model.release()
    # Then the task completes, and every question was asked of the model exactly once
    await task.completed()
    assert set(model.bought().values()) == {1}


@pytest.mark.parametrize("purpose", AGENTS.values())
async def test_an_effect_worker_is_replaced_and_only_its_broken_call_is_made_again(
    start: Start, model: ModelServer, purpose: str
) -> None:
    # Given a task with a model call in flight
    model.hold(purpose)
    environment = await start(model)
    task = await environment.submit()
    broken = await model.asked(purpose)
    # When the effect worker is killed
    environment.strike("effects-1")
    await model.asked(purpose, times=2)
    await model.release()
    # Then the task completes, the broken call was made again, and no other one
    await task.completed()
    assert [asked.digest for asked in model.answered].count(broken.digest) == 1
    assert sorted(model.bought().values()) == [1, 1, 1, 1, 2]
    # And what the broken call may have cost is settled at its bound
    lost = await task.first(f.EffectSettled, end="lost")
    assert lost.basis == "bound"
    assert lost.spent.model_calls == 1


@pytest.mark.parametrize("purpose", AGENTS.values())
@pytest.mark.parametrize("answered", ["meanwhile", "afterwards"])
async def test_a_supervisor_is_replaced(
    start: Start, model: ModelServer, purpose: str, answered: str
) -> None:
    # Given a task with a model call in flight
    model.hold(purpose)
    environment = await start(model)
    task = await environment.submit()
    await model.asked(purpose)
    # When the supervisor is killed, and the call ends before or after its successor is there
    pid = environment.pid("supervisor-1")
    environment.strike("supervisor-1")
    if answered == "afterwards":
        await environment.another("supervisor-1", pid)
    await model.release()
    # Then the task completes, and every question was asked of the model exactly once
    await task.completed()
    assert set(model.bought().values()) == {1}
    assert len(model.bought()) == 5


async def test_a_supervisor_is_killed_three_times_in_one_task(start: Start, model: ModelServer) -> None:
    # Given a task with a slow model
    purposes = ("plan", "answer", "review")
    model.hold(*purposes)
    environment = await start(model)
    task = await environment.submit()
    # When the supervisor is killed in each of three steps
    for purpose in purposes:
        await model.asked(purpose)
        environment.strike("supervisor-1")
        await model.release(purpose)
    # Then the task completes, and every question was asked of the model exactly once
    await task.completed()
    assert set(model.bought().values()) == {1}


async def test_supervisor_and_effect_worker_are_killed_together(start: Start, model: ModelServer) -> None:
    # Given a task with a model call in flight
    model.hold("answer")
    environment = await start(model)
    task = await environment.submit()
    await model.asked("answer")
    # When both who govern and who act are killed
    environment.strike("supervisor-1", "effects-1")
    await model.asked("answer", times=2)
    await model.release()
    # Then the task completes, and only the broken call was made again
    await task.completed()
    assert sorted(model.bought().values()) == [1, 1, 1, 1, 2]


@pytest.mark.parametrize("answered", ["meanwhile", "afterwards"])
@pytest.mark.parametrize("purpose", ["plan", "answer", "review"])
async def test_a_server_is_replaced(start: Start, model: ModelServer, purpose: str, answered: str) -> None:
    # Given a task with a model call in flight
    model.hold(purpose)
    environment = await start(model)
    task = await environment.submit()
    await model.asked(purpose)
    # When nats-server is killed and comes back, and the call ends before or after that
    pid = environment.pid("nats-server")
    environment.strike("nats-server")
    if answered == "afterwards":
        await environment.another("nats-server", pid)
    await model.release()
    # Then the task completes soon, and every question was asked of the model exactly once
    async with asyncio.timeout(SOON_S):
        await task.completed()
    assert set(model.bought().values()) == {1}


async def test_everything_is_killed_at_once(start: Start, model: ModelServer) -> None:
    # Given a task with a model call in flight
    model.hold("answer")
    environment = await start(model)
    task = await environment.submit()
    await model.asked("answer")
    # When every process of the environment is killed at the same moment
    environment.strike("nats-server", "supervisor-1", "effects-1", *(f"{role}-1" for role in AGENTS))
    await model.asked("answer", times=2)
    await model.release()
    # Then the task completes, and only the broken call was made again
    await task.completed()
    assert sorted(model.bought().values()) == [1, 1, 1, 1, 2]
