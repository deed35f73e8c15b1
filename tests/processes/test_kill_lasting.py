"""A kill lasts: through restarts of everything, against who comes back by hand, against what comes late."""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import msgspec
import pytest
from tests.processes.scene import STEP, TESTS, Scene, agent_scope, fate_of, scene

from interlock.bus.ports import Message
from interlock.contracts import facts as f
from interlock.contracts.budget import Amounts
from interlock.contracts.dispatch import Dispatch, DoEffect
from interlock.contracts.effect import EffectAborted, EffectCompleted
from interlock.contracts.message import decode, encode
from interlock.contracts.scope import task_scope
from interlock.contracts.step import StepResult
from interlock.contracts.subjects import dispatch_subject, input_subject

pytestmark = [pytest.mark.processes, pytest.mark.asyncio(loop_scope="module")]

NAME = "unruly-1"
PATIENCE_S = 10.0
GOVERNORS = ("nats-server", "supervisor-1", "access-1", "guard-1", "effects-1")


@contextlib.asynccontextmanager
async def by_hand(made: Scene, name: str) -> AsyncGenerator[asyncio.subprocess.Process]:
    """Start an agent under a name, with its key, as anybody could who has that."""
    local = made.environment.local
    known = {
        "INTERLOCK_URL": local.note.url,
        "INTERLOCK_PRINCIPAL": name,
        "INTERLOCK_KEY_FILE": str(local.state.key_file(name)),
        "INTERLOCK_PARENT": str(os.getpid()),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.processes.unruly",
        env=os.environ | TESTS | known,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def works(made: Scene) -> None:
    """See that both agents do what they are given."""
    first, second = await made.at_work(), await made.at_work()
    assert {first.agent, second.agent} == {NAME, "unruly-2"}
    for work in (first, second):
        await made.model.release(work.call.prompt)
        await work.story.completed()


async def test_a_killed_agent_stays_away_when_its_environment_is_started_again(tmp_path: Path) -> None:
    # Given an environment in which an agent was killed, and that has ended
    async with scene(tmp_path) as made:
        assert (await made.receipt(await made.kill(agent_scope(NAME)))).fact.complete
    # When it is started again
    async with scene(tmp_path) as made:
        # Then that agent is not
        assert made.environment.local.launcher.held == {NAME}
        assert NAME not in made.environment.local.launcher.pids
        # And who comes by hand with its key is refused, and named
        async with by_hand(made, NAME) as process:
            violated = await made.fleet.first(f.AccessViolated, principal=NAME, action="connect")
            assert "killed" in violated.detail
            assert process.returncode is None
        assert len(made.fleet.all(f.AgentJoined, principal=NAME)) == 1
        # And it comes back when that is taken back, and works
        await made.resume(agent_scope(NAME), NAME)
        await works(made)


async def test_a_kill_survives_the_crash_of_everybody_who_carries_it_out(stage: Scene) -> None:
    # Given an agent that was killed
    assert (await stage.receipt(await stage.kill(agent_scope(NAME)))).fact.complete
    pids = {name: stage.pid(name) for name in GOVERNORS}
    before = stage.joins("unruly-2")
    # When everybody else is killed by the machine, the server too, at once
    stage.environment.strike(*GOVERNORS)
    for name, pid in pids.items():
        await stage.environment.another(name, pid)
    await stage.joined(before)
    # Then the agent is still away
    assert NAME not in stage.environment.local.launcher.pids
    async with by_hand(stage, NAME):
        await stage.fleet.first(f.AccessViolated, principal=NAME, action="connect")
    # And it comes back when that is taken back
    await stage.resume(agent_scope(NAME), NAME)
    await works(stage)


async def test_what_comes_after_a_kill_is_late_and_changes_nothing(stage: Scene) -> None:
    # Given a task that was killed while an agent and an effect worker were at work for it
    work = await stage.at_work()
    receipt = await stage.receipt(await stage.kill(task_scope(work.task)))
    effect = fate_of(receipt, work)
    # When both deliver all the same
    result = StepResult(step=STEP, attempt=1, value=msgspec.Raw(b'{"answer": "too late?"}'))
    outcome = EffectCompleted(
        effect=effect.effect,
        grant=1,
        value=msgspec.Raw(b'"too late?"'),
        used=Amounts(tokens=1),
        started_ms=1,
        ended_ms=2,
    )
    sayings = {
        input_subject(work.agent, "agent", "result", work.task): encode(result),
        input_subject("effects-1", "effect", "completed", work.task): encode(outcome),
    }
    for subject, data in sayings.items():
        speaker = await stage.environment.speak_as(subject.split(".")[2])
        late = await speaker.append(subject, data)
        # Then it is recorded as late
        refused = await work.story.first(f.Refused, input=late.seq)
        assert "late" in refused.reason
    # And nothing has changed by it
    assert (await stage.environment.view(work.task)).status == "halted"
    assert len(work.story.all(f.EffectSettled, effect=effect.effect)) == 1
    assert not work.story.all(f.StepCompleted)


async def test_a_grant_of_before_a_kill_is_too_old_behind_it(stage: Scene) -> None:
    # Given a task that was killed, and the grant of its call in flight, which somebody has overheard
    overheard = await dispatches(stage)
    work = await stage.at_work()
    async with asyncio.timeout(PATIENCE_S):
        grant = await overheard.get()
    assert isinstance(grant, DoEffect)
    await stage.receipt(await stage.kill(task_scope(work.task)))
    ends = await said_by_the_worker(stage, work.task)
    # When it is said again, as another grant
    supervisor = await stage.environment.speak_as("supervisor-1")
    older = msgspec.structs.replace(grant, grant=7)
    await supervisor.send(dispatch_subject("effects-1"), msgspec.json.encode(older))
    # Then it never begins
    async with asyncio.timeout(PATIENCE_S):
        end = await ends.get()
    assert (end.grant, end.started, end.reason) == (7, False, "it was granted before a kill")
    assert len(stage.model.of(work.call.prompt)) == 1
    # And it is its age that keeps it from that, and nothing else: who knew of the kill may grant
    as_of = await supervisor.last_seq()
    newer = msgspec.structs.replace(grant, grant=8, as_of=as_of)
    await supervisor.send(dispatch_subject("effects-1"), msgspec.json.encode(newer))
    await stage.model.came(work.call.prompt, times=2)
    await stage.model.release(work.call.prompt)


async def dispatches(stage: Scene) -> "asyncio.Queue[Dispatch]":
    """Return what the effect worker is told from now on."""
    told: asyncio.Queue[Dispatch] = asyncio.Queue()
    worker = await stage.environment.speak_as("effects-1")

    def note(message: Message) -> None:
        told.put_nowait(msgspec.json.decode(message.data, type=Dispatch))

    await worker.listen(dispatch_subject("effects-1"), note)
    return told


async def said_by_the_worker(stage: Scene, task: int) -> "asyncio.Queue[EffectAborted]":
    """Return what the effect worker says from now on of effects that were aborted."""
    said: asyncio.Queue[EffectAborted] = asyncio.Queue()

    def note(message: Message) -> None:
        said.put_nowait(decode(EffectAborted, message.data))

    await stage.environment.bus.listen(input_subject("effects-1", "effect", "aborted", task), note)
    return said
