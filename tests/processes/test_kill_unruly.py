"""Agents that ignore, hang, fork and cling: nothing of them is left, and the receipt says what was seen."""

import pytest
from tests.processes.haunting import ADMITTED
from tests.processes.scene import (
    AT_ONCE_US,
    STEP,
    Scene,
    agent_scope,
    fate_of,
    gone,
    process_of,
)

from interlock.contracts import facts as f
from interlock.contracts.scope import task_scope

pytestmark = [pytest.mark.processes, pytest.mark.asyncio(loop_scope="module")]

GRACE_US = 200_000
MARGIN_US = 400_000


@pytest.mark.parametrize(
    ("manner", "processes"), [("deaf", 1), ("hung", 1), ("forking", 2), ("returning", 2)]
)
async def test_nothing_is_left_of_an_agent_with_bad_manners(
    stage: Scene, manner: str, processes: int
) -> None:
    # Given an agent that ignores SIGTERM, hangs, or has left a process in a session of its own, which may
    # even hold a connection of its own
    work, said = await stage.misbehaving(manner)
    pid, own = stage.pid(work.agent), int(said[-1])
    assert (own == pid) == (processes == 1)
    # When it is killed
    kill = await stage.kill(agent_scope(work.agent))
    receipt = await stage.receipt(kill)
    # Then its call is closed, and everything of it is gone
    assert await work.call.closed() - receipt.fact.commanded_us < AT_ONCE_US
    await gone(own)
    await stage.ended(work.agent, pid)
    # And the receipt says so, with as many processes as there were
    assert fate_of(receipt, work).fate == "aborted"
    process = process_of(receipt, work.agent)
    assert process.fate == "exited"
    assert receipt.fact.complete
    assert process.disconnected_us is not None
    assert process.exited_us is not None
    assert max(process.disconnected_us, process.exited_us) < AT_ONCE_US
    assert await stage.exit_of(process) == (pid, processes)
    # And nobody comes back to the bus
    assert all(words[0] != ADMITTED for words in stage.told.so_far())
    # And what it had in hand is done by others, even before it may come again
    await stage.model.release(work.call.prompt)
    await work.story.completed()
    await stage.resume(agent_scope(work.agent), work.agent)


async def test_an_agent_that_confirms_in_time_keeps_its_process_and_its_other_work(stage: Scene) -> None:
    # Given an agent with two tasks at work
    first = await stage.at_work()
    second = await stage.beside(first)
    pid = stage.pid(first.agent)
    # When one of them is killed
    receipt = await stage.receipt(await stage.kill(task_scope(first.task)))
    # Then the agent has stopped it within its grace
    process = process_of(receipt, first.agent)
    assert process.fate == "stopped"
    assert process.stopped_us is not None
    assert process.stopped_us < GRACE_US
    await first.story.first(f.StepStopped, principal=first.agent)
    # And the process lives on, and does the other one, whose call was never interrupted
    assert stage.pid(first.agent) == pid
    await stage.model.release(second.call.prompt)
    await second.story.completed()
    assert len(stage.model.of(second.call.prompt)) == 1


async def test_an_agent_that_clings_to_a_killed_step_is_condemned_and_its_other_work_goes_on(
    stage: Scene,
) -> None:
    # Given an agent with two tasks at work, one of whose handlers does not let itself be cancelled
    bad = await stage.at_work("clinging")
    good = await stage.beside(bad)
    pid, before = stage.pid(bad.agent), stage.joins(bad.agent)
    # When that task is killed
    receipt = await stage.receipt(await stage.kill(task_scope(bad.task)))
    # Then the agent is condemned after the grace, and its process ends
    condemned = stage.fleet.all(f.AgentCondemned, principal=bad.agent)[-1]
    assert condemned.kill == receipt.fact.kill
    process = process_of(receipt, bad.agent)
    assert process.fate == "exited"
    assert process.stopped_us is None
    assert process.exited_us is not None
    assert GRACE_US <= process.exited_us < GRACE_US + MARGIN_US
    assert fate_of(receipt, bad).fate == "aborted"
    # And it is started again, nobody had to resume it
    await stage.joined(before)
    assert stage.pid(bad.agent) != pid
    # And the step of the other task was given out anew, and completes
    await good.story.first(f.StepLost, step=STEP, principal=bad.agent)
    await stage.model.release(good.call.prompt)
    await good.story.completed()


async def test_an_agent_that_hangs_is_condemned_for_what_it_cannot_stop(stage: Scene) -> None:
    # Given an agent that hangs
    work, _said = await stage.misbehaving("hung")
    pid, before = stage.pid(work.agent), stage.joins(work.agent)
    # When its task is killed
    receipt = await stage.receipt(await stage.kill(task_scope(work.task)))
    # Then it is condemned, ended and started again
    process = process_of(receipt, work.agent)
    assert process.fate == "exited"
    assert process.exited_us is not None
    assert GRACE_US <= process.exited_us < GRACE_US + MARGIN_US
    await stage.joined(before)
    await gone(pid)
