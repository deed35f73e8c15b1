"""What a guard does when it hears a kill: at once, with the supervisor dead, from the log, and only once."""

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from tests.supervisor.guard.nursery import (
    BUSY,
    CHARTER,
    PATIENCE_S,
    STUBBORN,
    Nursery,
    Office,
    agent_scope,
    alive,
    gone,
    switched,
)

from interlock.bus.errors import LogFull
from interlock.contracts import facts as f
from interlock.contracts.message import decode
from interlock.contracts.observed import GuardHello
from interlock.contracts.presence import Beat, Bye
from interlock.contracts.scope import FLEET, Scope
from interlock.contracts.subjects import beat_subject
from interlock.supervisor.guard import voice

pytestmark = pytest.mark.processes

FOUR = ("planner-1", "researcher-1", "researcher-2", "executor-1")


async def test_a_kill_of_an_agent_ends_its_process_and_says_what_was_seen(
    nursery: Nursery, office: Office
) -> None:
    # Given agents that run
    guarded = await nursery.start(*map(nursery.agent, FOUR))
    await guarded.up()
    before = guarded.pids
    # When one of them is killed, and nobody decides anything
    await office.control("kill", agent_scope("researcher-1"))
    # Then it is gone, and the guard says when it heard of it and when it was gone
    exited = await office.exited("researcher-1")
    assert (exited.pid, exited.signal, exited.processes) == (before["researcher-1"], signal.SIGKILL, 1)
    assert 0 < exited.told_us < exited.exited_us
    assert exited.host
    assert exited.reason == "alice killed agent researcher-1: the test says so"
    assert not alive(exited.pid)
    # And it is not started again, while one that dies by itself is, whatever comes in between
    os.kill(before["researcher-2"], signal.SIGKILL)
    await guarded.tells(voice.Started, "researcher-2", times=2)
    assert (await office.exited("researcher-2")).told_us == 0
    assert set(guarded.pids) == {*FOUR} - {"researcher-1"}
    assert all(guarded.pids[name] == before[name] for name in ("planner-1", "executor-1"))


@pytest.mark.parametrize(
    ("scope", "names"),
    [
        (agent_scope("planner-1"), {"planner-1"}),
        (Scope(kind="role", name="researcher"), {"researcher-1", "researcher-2"}),
        (FLEET, {*FOUR}),
    ],
)
async def test_a_scope_is_all_of_its_agents_and_nobody_else(
    nursery: Nursery, office: Office, scope: Scope, names: set[str]
) -> None:
    # Given agents, and those who govern them
    others = (nursery.child("effects-1"), nursery.child("supervisor-1", role="supervisor"))
    guarded = await nursery.start(*others, *map(nursery.agent, FOUR))
    await guarded.up()
    before = guarded.pids
    # When a scope is killed
    await office.control("kill", scope)
    for name in names:
        await office.exited(name)
    # Then the others run as before
    assert guarded.pids == {name: pid for name, pid in before.items() if name not in names}


@pytest.mark.parametrize(
    "scope", [Scope(kind="task", task=7), Scope(kind="tenant", name="planner-1"), agent_scope("effects-1")]
)
async def test_a_kill_of_what_is_no_agent_touches_no_process(
    nursery: Nursery, office: Office, scope: Scope
) -> None:
    guarded = await nursery.start(nursery.agent("planner-1"), nursery.child("effects-1"))
    await guarded.up()
    before = guarded.pids
    await office.control("kill", scope)
    # When something is killed after it
    await office.control("kill", agent_scope("planner-1"))
    await office.exited("planner-1")
    # Then only that was
    assert guarded.pids == {"effects-1": before["effects-1"]}
    assert len(office.all("exited")) == 1


@pytest.mark.parametrize("code", [BUSY, STUBBORN])
async def test_an_agent_that_hears_nothing_ends_all_the_same(
    nursery: Nursery, office: Office, code: str
) -> None:
    guarded = await nursery.start(nursery.agent("planner-1", f"print(1, flush=True)\n{code}"))
    await guarded.says("planner-1")
    await office.control("kill", agent_scope("planner-1"))
    exited = await office.exited("planner-1")
    assert exited.signal == signal.SIGKILL


async def test_a_killed_agent_runs_again_when_that_is_decided_and_not_before(
    nursery: Nursery, office: Office
) -> None:
    # Given an agent that was killed, as was decided
    guarded = await nursery.start(nursery.agent("planner-1"), nursery.agent("executor-1"))
    await guarded.up()
    scope = agent_scope("planner-1")
    kill = await office.control("kill", scope)
    await office.exited("planner-1")
    await office.decide(switched(scope, "killed", cause=kill), cause=kill)
    # When it is resumed, then that is not enough
    resume = await office.control("resume", scope)
    os.kill(guarded.pids["executor-1"], signal.SIGKILL)
    await guarded.tells(voice.Started, "executor-1", times=2)
    assert "planner-1" not in guarded.pids
    # When that is decided
    await office.decide(switched(scope, "running", cause=resume), cause=resume)
    # Then it is started
    await guarded.tells(voice.Started, "planner-1", times=2)


async def test_a_kill_that_the_log_did_not_take_is_taken_back_by_a_resume_that_it_did_not_take(
    nursery: Nursery, office: Office
) -> None:
    # Given a guard that hears a kill which is stored nowhere
    guarded = await nursery.start(nursery.agent("planner-1"))
    await guarded.up()
    await office.fill()
    with pytest.raises(LogFull):
        await office.control("kill", agent_scope("planner-1"))
    await guarded.tells(voice.Exited, "planner-1")
    # When a resume is heard in the same way
    with pytest.raises(LogFull):
        await office.control("resume", agent_scope("planner-1"))
    # Then the agent runs again
    await guarded.tells(voice.Started, "planner-1", times=2)
    # And when there is room again, then the log is told of the end that was seen
    await office.make()
    await office.stored("exited")


async def test_fifty_agents_are_killed_together(nursery: Nursery, office: Office) -> None:
    # Given fifty agents
    names = [f"researcher-{n}" for n in range(50)]
    guarded = await nursery.start(*map(nursery.agent, names))
    await guarded.up()
    pids = guarded.pids.values()
    # When everything is killed
    await office.control("kill")
    # Then all are gone, and each is accounted for
    exits = [await office.exited(name) for name in names]
    assert {exited.pid for exited in exits} == {*pids}
    await gone(*pids)
    assert len({exited.told_us for exited in exits}) == 1


async def test_a_guard_that_starts_late_starts_nobody_who_is_killed(nursery: Nursery, office: Office) -> None:
    # Given a role that was killed, one that was released again, and a kill that nobody has decided about
    role = Scope(kind="role", name="researcher")
    for scope in (role, agent_scope("executor-1")):
        await office.decide(switched(scope, "killed"))
    await office.decide(switched(agent_scope("executor-1"), "running"))
    await office.control("kill", agent_scope("planner-1"))
    # When a guard starts
    guarded = await nursery.start(*map(nursery.agent, FOUR))
    # Then only those run who may
    assert (await guarded.up()).held == ("planner-1", "researcher-1", "researcher-2")
    assert set(guarded.pids) == {"executor-1"}
    assert not guarded.all(voice.Started, "planner-1")


async def test_a_condemned_agent_is_killed_and_started_again(nursery: Nursery, office: Office) -> None:
    # Given an agent whose life is known
    guarded = await nursery.start(nursery.agent("planner-1"), restarts=0)
    await guarded.up()
    before = guarded.pids["planner-1"]
    # When it is condemned
    condemned = f.AgentCondemned(at_ms=1, principal="planner-1", incarnation="one", reason="went on", kill=7)
    await office.decide(condemned)
    # Then its process ends by order, and the next one starts although no death would have been borne
    exited = await office.exited("planner-1")
    assert (exited.pid, exited.signal) == (before, signal.SIGKILL)
    assert exited.told_us
    assert (await guarded.tells(voice.Started, "planner-1", times=2)).pid != before


async def test_a_condemned_life_that_is_over_takes_no_other_with_it(nursery: Nursery, office: Office) -> None:
    guarded = await nursery.start(nursery.agent("planner-1"), nursery.agent("executor-1"))
    await guarded.up()
    before = guarded.pids["planner-1"]
    joined = f.AgentJoined(principal="planner-1", incarnation="two", capacity=1, charter=CHARTER)
    old = f.AgentCondemned(at_ms=1, principal="planner-1", incarnation="one", reason="went on", kill=7)
    await office.decide(joined)
    await office.decide(old)
    await office.control("kill", agent_scope("executor-1"))
    await office.exited("executor-1")
    assert guarded.pids["planner-1"] == before


async def test_what_was_condemned_before_a_guard_started_is_not_killed(
    nursery: Nursery, office: Office
) -> None:
    await office.decide(
        f.AgentCondemned(at_ms=1, principal="planner-1", incarnation="one", reason="went on", kill=7)
    )
    guarded = await nursery.start(nursery.agent("planner-1"), nursery.agent("executor-1"))
    await guarded.up()
    await office.control("kill", agent_scope("executor-1"))
    await office.exited("executor-1")
    assert not guarded.all(voice.Exited, "planner-1")


async def test_a_guard_says_hello_beats_and_says_bye(nursery: Nursery, office: Office) -> None:
    # Given somebody who listens for its beats
    beats: asyncio.Queue[bytes] = asyncio.Queue()
    await office.supervisor.listen(beat_subject("guard-1"), lambda message: beats.put_nowait(message.data))
    guarded = await nursery.start(nursery.agent("planner-1"), nursery.child("effects-1"))
    # When it starts
    hello = (await office.said("hello")).body
    # Then it says whom it guards, and goes on beating
    assert isinstance(hello, GuardHello)
    assert hello.children == ("planner-1", "effects-1")
    async with asyncio.timeout(PATIENCE_S):
        for _ in range(3):
            assert decode(Beat, await beats.get()).incarnation == hello.incarnation
    # And it says bye when it is told to stop, after all its children have ended
    await guarded.end()
    bye = (await office.said("bye")).body
    assert isinstance(bye, Bye)
    assert [said.verb for said in office.inputs] == ["hello", "exited", "exited", "bye"]


async def test_that_a_child_is_given_up_is_said_on_the_log_before_anybody_is_ended(
    nursery: Nursery, office: Office
) -> None:
    # Given a child that may not die, beside another, on the bus
    guarded = await nursery.start(nursery.child("broken"), nursery.child("other"), restarts=0)
    await guarded.up()
    await office.said("hello")
    # When it dies
    os.kill(guarded.pids["broken"], signal.SIGKILL)
    # Then it is said that it is kept no more, and what to do, before the other is told to end
    assert (await office.exited("broken")).signal == signal.SIGKILL
    given_up = await office.exited("broken", times=2)
    assert given_up.pid == 0
    assert given_up.given_up.startswith(
        "broken died 1 times within 60 s, everything is stopped; correct that"
    )
    assert (
        f"{guarded.folder / 'broken.log'}), and start everything on {given_up.host} again"
        in given_up.given_up
    )
    assert (await office.exited("other")).given_up == ""
    assert await guarded.ended() == 1


def not_there(_folder: Path) -> str:
    return "/no/such/program"


def not_permitted(folder: Path) -> str:
    program = folder / "program"
    program.touch(mode=0o600)
    return str(program)


def no_program(folder: Path) -> str:
    program = folder / "program"
    program.write_bytes(b"\x00")
    program.chmod(0o700)
    return str(program)


def no_name(_folder: Path) -> str:
    return "a\0b"


@pytest.mark.parametrize(
    ("program", "what"),
    [
        (not_there, "No such file or directory"),
        (not_permitted, "Permission denied"),
        (no_program, "Exec format error"),
        (no_name, "embedded null byte"),
    ],
)
async def test_a_child_that_cannot_be_started_is_said_on_the_log_although_the_guard_was_not_there_yet(
    nursery: Nursery, office: Office, tmp_path: Path, program: Callable[[Path], str], what: str
) -> None:
    # Given a child whose program will not do
    command = (program(tmp_path),)
    ghost = msgspec.structs.replace(nursery.agent("ghost-1"), command=command)
    # When its guard starts
    guarded = await nursery.start(ghost)
    # Then the log has who guards it first, and then what is wrong and what to do
    given_up = await office.exited("ghost-1")
    assert [said.verb for said in office.inputs[:2]] == ["hello", "exited"]
    assert given_up.pid == 0
    assert given_up.given_up.startswith(f"ghost-1 cannot be started: {what}: {command[0]}; correct that")
    await office.stored("exited")
    assert await guarded.ended() == 1
