"""A kill reaches what is in flight in its scope, whatever that is, and the receipt says what it came to."""

import asyncio
import contextlib
import os
import sqlite3
from collections.abc import Generator
from pathlib import Path

import psutil
import pytest
from tests.processes.held_model import MODEL
from tests.processes.scene import (
    AHEAD_US,
    AT_ONCE_US,
    ROLE,
    STEP,
    UNRULY,
    Scene,
    agent_scope,
    fate_of,
    process_of,
)

from interlock.contracts import facts as f
from interlock.contracts.scope import FLEET, Scope, task_scope
from interlock.effects.documents.store import store_path

pytestmark = [pytest.mark.processes, pytest.mark.asyncio(loop_scope="module")]

INDEX_S = 20.0
BUILT_IN = ("executor-1", "planner-1", "researcher-1", "reviewer-1")


def index_of(stage: Scene) -> Path:
    """Return where the index of the documents stands."""
    return store_path(stage.environment.docs.resolve(), stage.environment.local.state.cache)


@contextlib.contextmanager
def held_index(stage: Scene) -> Generator[None]:
    """Hold the one lock of the index, for which every search waits that finds something new."""
    index = index_of(stage)
    index.parent.mkdir(exist_ok=True)
    connection = sqlite3.connect(index, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        connection.close()


async def begun(stage: Scene) -> None:
    """Wait until the effect worker has the index open."""
    worker, index = psutil.Process(stage.pid("effects-1")), str(index_of(stage))
    async with asyncio.timeout(INDEX_S):
        while not any(file.path == index for file in worker.open_files()):
            await asyncio.to_thread(os.sched_yield)


@pytest.mark.parametrize("kind", ["task", "step", "tenant"])
async def test_work_is_stopped_and_its_agent_lives_on(stage: Scene, kind: str) -> None:
    # Given a step at work, and its agent
    work = await stage.at_work(tenant=f"of-{kind}")
    pid = stage.pid(work.agent)
    # When its task, itself, or its tenant is killed
    scopes = {
        "task": task_scope(work.task),
        "step": Scope(kind="step", task=work.task, step=STEP),
        "tenant": Scope(kind="tenant", name="of-tenant"),
    }
    kill = await stage.kill(scopes[kind])
    # Then the call in flight is closed at once, as the receipt says
    receipt = await stage.receipt(kill)
    closed_us = await work.call.closed() - receipt.fact.commanded_us
    assert closed_us < AT_ONCE_US
    effect = fate_of(receipt, work)
    assert (effect.fate, effect.worker) == ("aborted", "effects-1")
    assert effect.started_us is not None
    assert effect.ended_us is not None
    assert effect.started_us < 0
    assert AHEAD_US < effect.ended_us < AT_ONCE_US
    # And the agent has confirmed that its step ended, and nothing more happens to it
    (process,) = receipt.fact.processes
    assert (process.principal, process.fate) == (work.agent, "stopped")
    assert process.stopped_us is not None
    assert AHEAD_US < process.stopped_us < AT_ONCE_US
    assert stage.pid(work.agent) == pid
    # And the times are all there are
    assert receipt.fact.complete
    assert receipt.latencies.last_grant_us is not None
    assert 0 < receipt.latencies.last_grant_us < AT_ONCE_US
    assert receipt.latencies.last_start_us == effect.started_us
    assert receipt.latencies.last_connection_us is receipt.latencies.last_exit_us is None
    if kind == "tenant":
        await stage.resume(scopes[kind])


@pytest.mark.parametrize("kind", ["agent", "role"])
async def test_a_process_is_ended_and_its_work_goes_to_whoever_comes(stage: Scene, kind: str) -> None:
    # Given a step at work
    work = await stage.at_work()
    scope = agent_scope(work.agent) if kind == "agent" else Scope(kind="role", name=ROLE)
    ended = (work.agent,) if kind == "agent" else UNRULY
    pids = {name: stage.pid(name) for name in ended}
    # When its agent, or its role, is killed
    kill = await stage.kill(scope)
    receipt = await stage.receipt(kill)
    # Then the call is closed, and each process was seen to lose its connection, and to end
    assert await work.call.closed() - receipt.fact.commanded_us < AT_ONCE_US
    assert fate_of(receipt, work).fate == "aborted"
    assert receipt.fact.complete
    for name in ended:
        process = process_of(receipt, name)
        assert process.fate == "exited"
        assert process.disconnected_us is not None
        assert process.exited_us is not None
        assert AHEAD_US < process.exited_us < AT_ONCE_US
        assert set(process.observers) == {"access-1", "guard-1"}
        await stage.ended(name, pids[name])
    assert receipt.latencies.last_exit_us == max(process_of(receipt, name).exited_us or 0 for name in ended)
    # And it is not started again until that is taken back; then the work is done
    assert not set(ended) & stage.environment.local.launcher.pids.keys()
    await stage.resume(scope, *ended)
    await stage.model.release(work.call.prompt)
    await work.story.completed()
    assert len(stage.model.of(work.call.prompt)) == 2


async def test_a_model_is_out_of_reach_and_nobody_ends(stage: Scene) -> None:
    # Given a step at work
    work = await stage.at_work()
    # When its model is killed
    scope = Scope(kind="model", name="openai/*")
    kill = await stage.kill(scope)
    receipt = await stage.receipt(kill)
    # Then the call is closed, no process is concerned, and the step is told
    assert await work.call.closed() - receipt.fact.commanded_us < AT_ONCE_US
    assert fate_of(receipt, work).fate == "aborted"
    assert receipt.fact.complete
    assert not receipt.fact.processes
    # And another one gets no call, for the reason that is said
    refused = await stage.submit(["too late"])
    denied = await refused.first(f.EffectDenied)
    assert MODEL in denied.reason or "openai/*" in denied.reason
    assert not stage.model.of("too late")
    await stage.resume(scope)


async def test_everything_ends_and_comes_back(stage: Scene) -> None:
    # Given two tasks at work
    works = [await stage.at_work(), await stage.at_work()]
    agents = (*BUILT_IN, *UNRULY)
    # When everything is killed
    kill = await stage.kill(FLEET)
    receipt = await stage.receipt(kill)
    # Then all calls are closed, all agents have ended, and who governs them goes on
    for work in works:
        assert await work.call.closed() - receipt.fact.commanded_us < AT_ONCE_US
        assert fate_of(receipt, work).fate == "aborted"
        assert isinstance(await work.story.end(), f.Halted)
    assert receipt.fact.complete
    assert {process.principal: process.fate for process in receipt.fact.processes} == dict.fromkeys(
        agents, "exited"
    )
    assert {
        "guard-1",
        "access-1",
        "supervisor-1",
        "effects-1",
    } == stage.environment.local.launcher.pids.keys()
    # And all come back when that is taken back
    await stage.resume(FLEET, *agents)
    work = await stage.at_work()
    await stage.model.release(work.call.prompt)
    await work.story.completed()


async def test_a_tool_that_nobody_can_interrupt_is_in_doubt(stage: Scene) -> None:
    # Given a step whose search goes on in a thread, for somebody holds the index
    with held_index(stage):
        story = await stage.submit(["never"], search="lamp")
        await story.first(f.EffectGranted)
        await begun(stage)
        # When the tool is killed
        scope = Scope(kind="tool", name="search")
        receipt = await stage.receipt(await stage.kill(scope))
    # Then the receipt does not claim that it was cut off
    (effect,) = receipt.fact.effects
    assert (effect.name, effect.fate) == ("tool search", "in_doubt")
    assert effect.outcome
    # And its result, which comes late, changes nothing
    failed = await story.first(f.StepFailed, step=STEP)
    assert "killed" in failed.message
    assert not stage.model.of("never")
    await stage.resume(scope)
