"""A whole environment under its guard: a kill ends processes, and holds until it is taken back."""

import asyncio
import os
import signal
from pathlib import Path

import pytest
from tests.processes.conftest import Start
from tests.processes.environment import PATIENCE_S, Environment, running

from interlock.bus.ports import Message
from interlock.contracts import facts as f
from interlock.contracts.message import decode
from interlock.contracts.observed import ProcessExited

pytestmark = pytest.mark.processes

AGENTS = {"planner-1", "researcher-1", "executor-1", "reviewer-1"}
EXITS = "interlock.in.guard-1.guard.exited"


async def exits(environment: Environment) -> "asyncio.Queue[ProcessExited]":
    """Return what the guard will say of processes that end."""
    said: asyncio.Queue[ProcessExited] = asyncio.Queue()

    def note(message: Message) -> None:
        said.put_nowait(decode(ProcessExited, message.data))

    await environment.bus.listen(EXITS, note)
    return said


def threads_of(pid: int) -> list[int]:
    """Return the threads of a process, the main one first."""
    return sorted(int(thread.name) for thread in Path("/proc", str(pid), "task").iterdir())


async def test_a_kill_of_everything_ends_the_agents_until_it_is_taken_back(start: Start) -> None:
    # Given an environment, and a supervisor that does nothing
    environment = await start()
    said = await exits(environment)
    before = {name: environment.pid(name) for name in AGENTS}
    environment.strike("supervisor-1", number=signal.SIGSTOP)
    # When everything is killed
    await environment.control("kill")
    # Then all agents are gone, and nobody else
    async with asyncio.timeout(PATIENCE_S):
        gone = [await said.get() for _ in AGENTS]
        while AGENTS & environment.local.launcher.pids.keys():  # noqa: ASYNC110 - nobody announces it
            await asyncio.sleep(0)
    assert {exited.principal: exited.pid for exited in gone} == before
    assert all(exited.told_us for exited in gone)
    assert environment.local.launcher.pids.keys() == {"guard-1", "access-1", "supervisor-1", "effects-1"}
    # And when that is taken back, and somebody decides, they work again
    environment.strike("supervisor-1", number=signal.SIGCONT)
    await environment.control("resume")
    for name, pid in before.items():
        await environment.another(name, pid)
    await (await environment.submit()).completed()


async def test_what_is_killed_stays_so_when_everything_is_started_again(tmp_path: Path, docs: Path) -> None:
    # Given an environment in which everything was killed, and that has ended
    state = tmp_path / "state"
    async with running(state, docs, "offline/extractive") as environment:
        await environment.control("kill")
        await (await environment.story(0)).first(f.FleetSwitched, state="killed")
    # When it is started again
    async with running(state, docs, "offline/extractive") as environment:
        # Then nobody runs who may not
        assert environment.local.launcher.held == AGENTS
        assert not AGENTS & environment.local.launcher.pids.keys()
        # And all do when that is taken back
        await environment.control("resume")
        async with asyncio.timeout(PATIENCE_S):
            while not environment.local.launcher.pids.keys() >= AGENTS:  # noqa: ASYNC110 - nobody announces it
                await asyncio.sleep(0)
        await (await environment.submit()).completed()


async def test_an_environment_whose_guard_is_killed_has_everybody_back(start: Start) -> None:
    environment = await start()
    before = dict(environment.local.launcher.pids)
    environment.strike("guard-1")
    for name, pid in before.items():
        await environment.another(name, pid)
    await (await environment.submit()).completed()


async def test_whoever_stops_others_comes_before_them_where_that_is_permitted(start: Start) -> None:
    environment = await start()
    if os.sched_getscheduler(environment.pid("guard-1")) & ~os.SCHED_RESET_ON_FORK != os.SCHED_RR:
        pytest.skip("nobody may come first here")
    # Then an effect worker listens before all others, and works among them
    first, *others = threads_of(environment.pid("effects-1"))
    assert os.sched_getscheduler(first) & ~os.SCHED_RESET_ON_FORK == os.SCHED_RR
    assert all(os.sched_getscheduler(thread) == os.SCHED_OTHER for thread in others)
    # And whoever may have to be stopped, does not
    assert {os.sched_getscheduler(environment.pid(name)) for name in AGENTS} == {os.SCHED_BATCH}
