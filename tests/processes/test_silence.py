"""A process that says nothing for a while is missed; when it speaks again it is taken back."""

import signal

import pytest
from tests.processes.conftest import Start
from tests.processes.model_server import ModelServer

from interlock.contracts import facts as f

pytestmark = pytest.mark.processes


@pytest.mark.parametrize(("name", "purpose"), [("researcher-1", "queries"), ("effects-1", "answer")])
async def test_a_silent_process_is_missed_and_taken_back(
    start: Start, model: ModelServer, name: str, purpose: str
) -> None:
    # Given a task with a model call in flight
    model.hold(purpose)
    environment = await start(model)
    fleet = await environment.story(0)
    task = await environment.submit()
    await model.asked(purpose)
    # When a process falls silent
    environment.strike(name, number=signal.SIGSTOP)
    await fleet.first(f.Left, principal=name)
    # And speaks again
    environment.strike(name, number=signal.SIGCONT)
    joined = f.AgentJoined if name == "researcher-1" else f.EffectsJoined
    await fleet.first(joined, principal=name, times=2)
    await model.release()
    # Then the task completes
    await task.completed()
