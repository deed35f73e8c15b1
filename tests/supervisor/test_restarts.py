"""A supervisor, or everybody, may be gone after any record: the task completes, and nothing is done twice."""

# pyright: reportPrivateUsage=false

import asyncio
import contextlib

import pytest
from tests.supervisor.core.invariants import lawful
from tests.supervisor.core.world import LOOK, ONE, THINK
from tests.supervisor.stage import PATIENCE_S, Agent, EffectWorker, Stage

from interlock.bus.clock import now_ms
from interlock.bus.errors import BusError
from interlock.bus.memory import Capacity, MemoryServer
from interlock.bus.memory_bus import MemoryBus
from interlock.contracts import facts
from interlock.contracts.budget import NOTHING
from interlock.contracts.effect import EffectCompleted
from interlock.contracts.inputs import read_record
from interlock.contracts.plan import Plan, PlannedStep
from interlock.supervisor import leader as shell
from interlock.supervisor.core.state import State
from interlock.supervisor.recovery import recover
from interlock.supervisor.supervisor import Supervisor

SHORT = Plan(
    steps=(PlannedStep(id="a", role="researcher"), PlannedStep(id="b", role="executor", after=("a",)))
)
EFFECTS = 6
"""Two tasks of two steps and a review, with one effect in each."""


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shell, "TICK_S", 0.02)


async def recovered(server: MemoryServer) -> State:
    return (await recover(MemoryBus(server, "reader"))).state


async def play(stage: Stage) -> tuple[list[int], EffectWorker]:
    """Let two tasks compete for a worker that has one hand."""
    worker = await stage.cast((LOOK,), capacity=1)
    return [await stage.submit(SHORT) for _ in range(2)], worker


async def settled(stage: Stage, supervisor: Supervisor, tasks: list[int]) -> None:
    """Wait until the tasks are completed, and check that the log tells what the supervisor knows."""
    for task in tasks:
        await stage.completed(task)
    await stage.until(lambda: supervisor.idle)
    assert await recovered(stage.server) == supervisor.state
    lawful(supervisor.state)


async def whole_run() -> tuple[Stage, list[int]]:
    """Play undisturbed."""
    stage = Stage()
    supervisor, _, _ = stage.supervise()
    tasks, _ = await play(stage)
    await settled(stage, supervisor, tasks)
    await stage.end()
    return stage, tasks


async def cut_off_after(stage: Stage, records: int) -> tuple[list[int], EffectWorker]:
    """Play with a supervisor that can write nothing more as soon as so many records stand in the log."""
    _, bus, running = stage.supervise()
    there = asyncio.Event()

    def look() -> None:
        if len(stage.server.records) == records:
            bus._closed = True  # pyright: ignore[reportPrivateUsage] - as a killed process is
            there.set()

    stage.server.follow(look)
    played = await play(stage)
    await asyncio.wait_for(there.wait(), PATIENCE_S)
    running.cancel()
    with contextlib.suppress(BusError, asyncio.CancelledError):
        await running
    await bus.close()
    return played


async def test_a_supervisor_that_is_gone_after_any_record_is_replaced_and_nobody_notices() -> None:
    original, _ = await whole_run()
    for records in range(1, len(original.server.records)):
        # Given a supervisor that was killed after so many records
        stage = Stage()
        tasks, worker = await cut_off_after(stage, records)
        # When another takes its place
        supervisor, _, _ = stage.supervise("supervisor-2")
        # Then the tasks complete, no agent lost its step, and every effect was done exactly once
        await settled(stage, supervisor, tasks)
        assert not [fact for task in tasks for fact in stage.told(task, facts.StepLost)]
        assert len(worker.done) == len({effect for effect, _ in worker.done}) == EFFECTS, records
        await stage.end()


async def test_everybody_may_be_gone_after_any_record_and_what_was_done_is_not_done_again() -> None:
    original, tasks = await whole_run()
    for records in range(max(tasks), len(original.server.records) + 1):
        # Given the log as it stood after so many records, and nobody there any more
        server = MemoryServer(now_ms)
        copy = MemoryBus(server, "copy")
        for record in original.server.records[:records]:
            await copy.append(record.subject, record.data)
        done_before = effects_done(server)
        # When everybody is started again
        stage = Stage(server)
        supervisor, _, _ = stage.supervise()
        worker = await stage.cast((LOOK,), capacity=1)
        # Then the tasks complete, and nothing whose end stands in the log was done again
        await settled(stage, supervisor, tasks)
        assert not {effect for effect, _ in worker.done} & done_before, f"after record {records}"
        assert len(worker.done) == len(set(worker.done))
        # And a second grant followed only a loss
        for task in tasks:
            lost = {fact.effect for fact in stage.told(task, facts.EffectSettled) if fact.end == "lost"}
            again = {fact.effect for fact in stage.told(task, facts.EffectGranted) if fact.grant > 1}
            assert again <= lost
        await stage.end()


def effects_done(server: MemoryServer) -> set[int]:
    """Return the effects whose completion stands in the log."""
    said = [read_record(r.seq, r.time_ms, r.subject, r.data).body for r in server.records]
    return {body.effect for body in said if isinstance(body, EffectCompleted)}


async def test_a_restart_forgets_no_reservation() -> None:
    # Given an effect in flight when the supervisor is gone
    stage = Stage()
    supervisor, _, running = stage.supervise()
    worker = await stage.cast((LOOK,))
    worker.may_go_on.clear()
    task = await stage.submit(SHORT)
    await stage.until(lambda: worker.at_work)
    reserved = supervisor.state.shared["fleet"].reserved
    running.cancel()
    # When another one recovers
    successor, _, _ = stage.supervise("supervisor-2")
    await stage.until(lambda: successor.state.tasks)
    # Then the reservation stands, and is settled when the effect ends
    assert successor.state.shared["fleet"].reserved == reserved != NOTHING
    worker.may_go_on.set()
    await stage.completed(task)
    assert len(worker.done) == len({effect for effect, _ in worker.done})
    await stage.end()


async def test_inputs_that_came_while_nobody_decided_are_decided_in_order() -> None:
    # Given a log on which people speak while no supervisor is there
    stage = Stage()
    tasks = [await stage.submit(SHORT) for _ in range(3)]
    await stage.operator.bus.append(f"interlock.in.olga.control.kill.task.{tasks[1]}", b"{}")
    await stage.cast(())
    # When one comes
    stage.supervise()
    # Then it does what they said
    await stage.completed(tasks[0])
    await stage.completed(tasks[2])
    assert stage.told(tasks[1], facts.Halted)
    await stage.end()


async def test_an_agent_that_began_what_never_became_durable_keeps_it_after_a_restart() -> None:
    # Given a researcher with one hand, which a first task keeps full while a second waits
    server = MemoryServer(now_ms)
    stage = Stage(server)
    only = Agent(server, "researcher-1", (THINK,))
    only.capacity = 1
    only.may_finish.clear()
    await stage.join(EffectWorker(server))
    await stage.join(only)
    supervisor, _, running = stage.supervise()
    first = await stage.submit(ONE, review=False)
    second = await stage.submit(ONE, review=False)
    await stage.until(lambda: stage.told(first, facts.EffectSettled) and supervisor.idle)
    # When it hands in the first, the log has no room for the record that gives it the second: it begins early
    server.capacity = Capacity(records=len(server.records) + 2)
    only.may_finish.set()
    await stage.until(lambda: (second, "a", 1) in only.attempts)
    assert stage.told(first, facts.Completed)
    assert not stage.told(second, facts.StepAssigned)
    # And the supervisor is gone, while the agent asks for its effect
    running.cancel()
    server.capacity = Capacity()
    await stage.until(lambda: any(r.subject.endswith(f"agent.effect.{second}") for r in server.records))
    stage.supervise("supervisor-2")
    # Then the next one leaves it the step, and refuses nothing
    await stage.completed(second)
    assert not stage.told(second, facts.Refused)
    assert [task for task, _, _ in only.attempts].count(second) == 1
    await stage.end()
