"""Stop: a kill reaches what is in flight at once, a pause lets it finish, and nothing late counts."""

import asyncio
import signal

import msgspec
import pytest
from tests.processes.conftest import Start
from tests.processes.environment import Environment, Story
from tests.processes.model_server import Asked, ModelServer

from interlock.contracts import facts as f
from interlock.contracts.message import encode
from interlock.contracts.step import StepResult
from interlock.contracts.subjects import input_subject

pytestmark = pytest.mark.processes

AT_ONCE_S = 0.5


async def in_flight(start: Start, model: ModelServer) -> tuple[Environment, Story, Asked]:
    """Start an environment and a task whose research waits for the model."""
    model.hold("answer")
    environment = await start(model)
    task = await environment.submit()
    return environment, task, await model.asked("answer")


async def closed_within(asked: Asked, since: float) -> float:
    """Return after how many seconds the model's server saw its caller go."""
    async with asyncio.timeout(5):
        await asked.left.wait()
    return asked.left_at - since


def nothing_granted_after(story: Story, end: type[f.Fact]) -> bool:
    place = next(n for n, fact in enumerate(story.facts) if isinstance(fact, end))
    return not any(isinstance(fact, f.EffectGranted | f.StepAssigned) for fact in story.facts[place:])


async def test_a_kill_closes_the_calls_in_flight(start: Start, model: ModelServer) -> None:
    # Given a task with a model call in flight
    environment, task, call = await in_flight(start, model)
    # When the task is killed
    since = asyncio.get_running_loop().time()
    await environment.control("kill", task.task)
    # Then the model's server sees the request end at once
    assert await closed_within(call, since) < AT_ONCE_S
    # And the task is halted, and the reservation of the call is settled at its bound
    halted = await task.first(f.Halted)
    assert halted.by == "alice"
    settled = await task.first(f.EffectSettled, end="aborted")
    assert settled.basis == "bound"
    assert settled.spent.model_calls == 1
    # And nothing more begins, although the model would answer
    await model.release()
    await (await environment.submit()).completed()
    assert nothing_granted_after(task, f.Halted)
    assert (await environment.view(task.task)).status == "halted"


async def test_a_result_that_comes_after_a_kill_is_refused(start: Start, model: ModelServer) -> None:
    # Given a task that was killed while a researcher worked on it
    environment, task, _call = await in_flight(start, model)
    attempt = task.all(f.StepAssigned, step="facts")[-1].attempt
    await environment.control("kill", task.task)
    await task.first(f.Halted)
    # When the researcher delivers nevertheless
    researcher = await environment.speak_as("researcher-1")
    result = StepResult(step="facts", attempt=attempt, value=msgspec.Raw(b'{"question": "too late?"}'))
    subject = input_subject("researcher-1", "agent", "result", task.task)
    late = await researcher.append(subject, encode(result))
    # Then that is refused
    refused = await task.first(f.Refused, input=late.seq)
    assert "late" in refused.reason


async def test_a_kill_needs_no_supervisor(start: Start, model: ModelServer) -> None:
    # Given a task with a model call in flight, and a supervisor that does nothing
    environment, task, call = await in_flight(start, model)
    environment.strike("supervisor-1", number=signal.SIGSTOP)
    # When the task is killed
    since = asyncio.get_running_loop().time()
    await environment.control("kill", task.task)
    # Then the call ends at once
    assert await closed_within(call, since) < AT_ONCE_S
    # And the next supervisor halts the task
    environment.strike("supervisor-1")
    await task.first(f.Halted)
    await task.first(f.EffectSettled, end="aborted")
    assert nothing_granted_after(task, f.Halted)


async def test_a_pause_lets_the_calls_in_flight_finish(start: Start, model: ModelServer) -> None:
    # Given a task with a model call in flight
    environment, task, call = await in_flight(start, model)
    # When the task is paused and the call ends
    await environment.control("pause", task.task)
    await task.first(f.Paused)
    await model.release()
    # Then its outcome counts, and what its agent wants next is held
    await task.first(f.EffectHeld, waits_for="switch")
    assert call.done.is_set()
    assert nothing_granted_after(task, f.Paused)
    # And when the task is resumed it completes, with nothing bought again
    await environment.control("resume", task.task)
    await task.completed()
    assert set(model.bought().values()) == {1}


async def test_a_paused_task_stays_so_for_a_new_supervisor(start: Start, model: ModelServer) -> None:
    # Given a paused task
    environment, task, _call = await in_flight(start, model)
    await environment.control("pause", task.task)
    await task.first(f.Paused)
    # When the supervisor is killed and another task runs under its successor
    environment.strike("supervisor-1")
    await model.release()
    await task.first(f.EffectHeld, waits_for="switch")
    await (await environment.submit("What else?")).completed()
    # Then the paused task still stands still, and goes on when it may
    assert nothing_granted_after(task, f.Paused)
    await environment.control("resume", task.task)
    await task.completed()


async def test_a_kill_of_the_fleet_ends_everything_until_it_is_resumed(
    start: Start, model: ModelServer
) -> None:
    # Given two tasks with model calls in flight
    environment, first, call = await in_flight(start, model)
    second = await environment.submit("What other colour?")
    other_call = await model.asked("answer", times=2)
    # When everything is killed
    since = asyncio.get_running_loop().time()
    await environment.control("kill")
    # Then all calls end at once, and both tasks are halted
    assert await closed_within(call, since) < AT_ONCE_S
    assert await closed_within(other_call, since) < AT_ONCE_S
    await first.first(f.Halted)
    await second.first(f.Halted)
    # And no new task is taken
    refused = await environment.submit("And now?")
    rejected = await refused.end()
    assert isinstance(rejected, f.Rejected)
    assert "resume fleet" in rejected.reason
    # And when the fleet is resumed and its agents are back, new tasks complete
    fleet = await environment.story(0)
    await environment.control("resume")
    await fleet.first(f.AgentJoined, times=8)
    await model.release()
    await (await environment.submit("And now again?")).completed()
    assert nothing_granted_after(first, f.Halted)


async def test_a_draining_fleet_finishes_what_it_has_and_takes_nothing_new(
    start: Start, model: ModelServer
) -> None:
    # Given a task with a model call in flight
    environment, task, _call = await in_flight(start, model)
    # When the fleet is drained
    await environment.control("drain")
    late = await environment.submit("And this?")
    assert isinstance(await late.end(), f.Rejected)
    await model.release()
    # Then the accepted task completes
    await task.completed()
