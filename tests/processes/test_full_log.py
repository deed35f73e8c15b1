"""A full log refuses new records with a clear error; what it has accepted completes once it has room."""

import asyncio

import pytest
from tests.processes.conftest import Start
from tests.processes.environment import Environment, Story
from tests.processes.model_server import ModelServer

from interlock.bus.errors import LogFull
from interlock.bus.stream import StreamSettings, ensure_stream
from interlock.contracts import facts as f

pytestmark = pytest.mark.processes

SMALL_BYTES = 120_000
SIZES_BYTES = (4_000, 400, 0)


async def make_room(environment: Environment, max_bytes: int) -> None:
    """Change how much the log may hold, as its keeper."""
    await ensure_stream(await environment.speak_as("supervisor-1"), StreamSettings(max_bytes=max_bytes))


async def fill(environment: Environment) -> None:
    """Hand in what will be rejected until the log takes nothing more, however small."""
    for size_bytes in SIZES_BYTES:
        with pytest.raises(LogFull, match="raise its limit or free disk space"):
            await say_for_ever(environment, b"x" * size_bytes)


async def say_for_ever(environment: Environment, data: bytes) -> None:
    for _ in range(1_000):
        await environment.say(data, "task", "submit")


async def test_what_a_full_log_has_accepted_completes_when_there_is_room(
    start: Start, model: ModelServer
) -> None:
    # Given accepted tasks with model calls in flight, and a log that has become full
    model.hold("answer")
    environment = await start(model)
    tasks: list[Story] = [await environment.submit(f"What colour is lamp {n}?") for n in range(3)]
    await model.asked("answer", times=3)
    await make_room(environment, SMALL_BYTES)
    await fill(environment)
    # When the calls end, and nothing can be recorded
    await model.release()
    async with asyncio.timeout(10):
        for asked in model.requests:
            await asked.done.wait()
    with pytest.raises(LogFull):
        await environment.submit()
    assert not any(task.all(f.Completed) for task in tasks)
    # Then, when there is room again, they complete, and nothing was bought twice
    await make_room(environment, 1024**3)
    for task in tasks:
        await task.completed()
        await task.first(f.EffectSettled, times=len(task.all(f.EffectGranted)))
    assert len(model.requests) == 5 * len(tasks)
    # And new tasks are taken
    await (await environment.submit("What else?")).completed()


async def test_a_full_log_does_not_keep_a_kill_from_the_calls_in_flight(
    start: Start, model: ModelServer
) -> None:
    # Given a task with a model call in flight, and a log that has become full
    model.hold("answer")
    environment = await start(model)
    task = await environment.submit()
    call = await model.asked("answer")
    await make_room(environment, SMALL_BYTES)
    await fill(environment)
    # When the task is killed, which the log cannot record
    with pytest.raises(LogFull):
        await environment.control("kill", task.task)
    # Then the call ends all the same
    async with asyncio.timeout(1):
        await call.left.wait()
