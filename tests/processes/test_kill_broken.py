"""Each layer of a kill works alone: with the supervisor, the guard or the access service standing still.

The receipt claims what was seen, and says what was not.
"""

import signal

import pytest
from tests.processes.haunting import ADMITTED, CUT, REFUSED
from tests.processes.scene import (
    AHEAD_US,
    AT_ONCE_US,
    Scene,
    Work,
    agent_scope,
    fate_of,
    gone,
    lives,
    process_of,
)

from interlock.bus.principals import Principals
from interlock.console.stop.receipts import Kill, Receipt
from interlock.contracts import facts as f

pytestmark = [pytest.mark.processes, pytest.mark.asyncio(loop_scope="module")]

SUPERVISOR, GUARD, ACCESS = "supervisor-1", "guard-1", "access-1"


async def cut_off(stage: Scene, work: Work) -> Kill:
    """Kill the agent that has this in hand, and see that its call is closed at once."""
    kill = await stage.kill(agent_scope(work.agent))
    record = await stage.environment.bus.record(kill.seq)
    assert record is not None
    assert await work.call.closed() - record.time_us < AT_ONCE_US
    return kill


async def goes_on(stage: Scene, work: Work) -> None:
    """Take the kill back, and see that the work is done."""
    await stage.resume(agent_scope(work.agent), work.agent)
    await stage.model.release(work.call.prompt)
    await work.story.completed()


def assert_whole(receipt: Receipt, work: Work) -> None:
    assert fate_of(receipt, work).fate == "aborted"
    assert process_of(receipt, work.agent).fate == "exited"
    assert receipt.fact.complete
    latencies = receipt.latencies
    assert None not in {latencies.last_start_us, latencies.last_connection_us, latencies.last_exit_us}


async def test_a_frozen_supervisor_is_not_needed_and_the_next_one_writes_the_receipt(stage: Scene) -> None:
    # Given a step at work, another that waits, and a supervisor that stands still
    work = await stage.at_work()
    pid, records = stage.pid(work.agent), work.story.last_seq
    stage.environment.strike(SUPERVISOR, number=signal.SIGSTOP)
    # When the agent is killed
    kill = await cut_off(stage, work)
    # Then its process ends, nothing was decided, and nothing is started again
    await stage.ended(work.agent, pid)
    late = await stage.submit(["later"])
    assert work.story.last_seq == records
    assert work.agent not in stage.environment.local.launcher.pids
    # And the next supervisor writes the receipt, of everything that was seen meanwhile
    stage.environment.strike(SUPERVISOR)
    assert_whole(await stage.receipt(kill), work)
    await goes_on(stage, work)
    await stage.model.release("later")
    await late.completed()


async def test_a_supervisor_that_cannot_come_back_is_not_needed(stage: Scene) -> None:
    # Given a step at work, and a supervisor that is killed and may not come back
    work = await stage.at_work()
    pid, principals = stage.pid(work.agent), Principals(stage.environment.local.state.store)
    before = stage.pid(SUPERVISOR)
    principals.revoke(SUPERVISOR)
    stage.environment.strike(SUPERVISOR)
    await stage.environment.another(SUPERVISOR, before)
    # When the agent is killed
    kill = await cut_off(stage, work)
    # Then its process ends
    await stage.ended(work.agent, pid)
    # And a supervisor that comes at last writes the receipt
    principals.reinstate(SUPERVISOR)
    assert_whole(await stage.receipt(kill), work)
    await goes_on(stage, work)


async def test_the_bus_cuts_an_agent_whose_guard_is_frozen_and_keeps_it_out(stage: Scene) -> None:
    # Given an agent whose child comes back to the bus with its credential, and a guard that stands still
    work, said = await stage.misbehaving("returning")
    assert said[0] == ADMITTED
    pids = (stage.pid(work.agent), int(said[1]))
    with stage.frozen(GUARD):
        # When the agent is killed
        kill = await cut_off(stage, work)
        # Then its connections end, and who comes back is refused
        assert (await stage.told.next())[0] == CUT
        receipt = await stage.receipt(kill)
        assert {words[0] for words in stage.told.so_far()} == {REFUSED}
        # And the receipt does not claim that it ended
        process = process_of(receipt, work.agent)
        assert (process.fate, process.observers) == ("disconnected", (ACCESS,))
        assert "exit not observed" in process.note
        assert not receipt.fact.complete
        assert receipt.latencies.last_connection_us is not None
        assert AHEAD_US < receipt.latencies.last_connection_us < AT_ONCE_US
        assert receipt.latencies.last_exit_us is None
        assert all(map(lives, pids))
    # And when the guard wakes up, both end
    await gone(*pids)
    assert {words[0] for words in stage.told.so_far()} <= {REFUSED}
    violated = await stage.fleet.first(f.AccessViolated, principal=work.agent)
    assert violated.action == "connect"
    await goes_on(stage, work)


async def test_the_guard_ends_an_agent_while_access_is_frozen(stage: Scene) -> None:
    # Given a step at work, and an access service that stands still
    work = await stage.at_work()
    pid = stage.pid(work.agent)
    with stage.frozen(ACCESS):
        # When the agent is killed
        kill = await cut_off(stage, work)
        # Then its process ends, and the receipt does not claim to have seen the end of its connection
        await gone(pid)
        receipt = await stage.receipt(kill)
        process = process_of(receipt, work.agent)
        assert (process.fate, process.observers) == ("exited", (GUARD,))
        assert "end of its connection not observed" in process.note
        assert receipt.latencies.last_exit_us is not None
        assert AHEAD_US < receipt.latencies.last_exit_us < AT_ONCE_US
        assert receipt.latencies.last_connection_us is None
    await goes_on(stage, work)


async def test_calls_end_while_guard_and_access_are_frozen(stage: Scene) -> None:
    # Given a step at work, and nobody who could cut off or end its agent
    work = await stage.at_work()
    pid = stage.pid(work.agent)
    with stage.frozen(GUARD, ACCESS):
        # When the agent is killed
        kill = await cut_off(stage, work)
        # Then the receipt says that nobody saw anything of its process
        receipt = await stage.receipt(kill)
        assert fate_of(receipt, work).fate == "aborted"
        assert process_of(receipt, work.agent).fate == "unobserved"
        assert not receipt.fact.complete
        assert lives(pid)
    # And when they wake up, it ends
    await gone(pid)
    await goes_on(stage, work)
