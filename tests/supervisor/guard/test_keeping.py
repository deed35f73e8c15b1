"""A guard as a supervisor of processes, without a bus: order, restarts, intensity, escalation."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest
from tests.supervisor.guard.nursery import SLEEPER, STUBBORN, Nursery, alive, gone

from interlock.supervisor.guard import voice

pytestmark = pytest.mark.processes


def notes(path: Path, *, first: str = "") -> str:
    """Return a child that notes when it starts and when it is told to stop."""
    return (
        "import os, signal, sys\n"
        f"def note(word): open({str(path)!r}, 'a').write(word + os.environ['MARK'] + ' ')\n"
        "def end(*_): note('-'); sys.exit()\n"
        "signal.signal(signal.SIGTERM, end)\n"
        f"note('+'); {first}\n"
        "print('set', flush=True); signal.pause()"
    )


async def test_children_start_in_order_and_stop_in_reverse(lonely: Nursery, tmp_path: Path) -> None:
    # Given children of which the first says when it is ready
    book = tmp_path / "book"
    word = "import time; os.write(int(os.environ['INTERLOCK_READY_FD']), b'1')"
    guarded = await lonely.start(
        lonely.child("c", notes(book), order=3),
        lonely.child("a", notes(book, first=word), order=1, ready=True),
        lonely.child("b", notes(book), order=2),
    )
    await guarded.up()
    for name in "abc":
        await guarded.says(name, "set")
    # Then those after it were started when it was
    assert [type(event).__name__ for event in guarded.told[:2]] == ["Started", "Ready"]
    assert [event.name for event in guarded.all(voice.Started)] == ["a", "b", "c"]
    assert book.read_text().startswith("+a ")
    # When the guard is told to stop
    assert await guarded.end() == 0
    # Then they stopped in reverse
    assert book.read_text().endswith("-c -b -a ")


async def test_who_never_says_that_it_is_ready_ends_everything(lonely: Nursery) -> None:
    # Given a child that others wait for, and that ends again and again without a word
    guarded = await lonely.start(
        lonely.child("mute", "import sys; sys.exit(3)", ready=True),
        lonely.child("later", order=1),
        restarts=1,
    )
    # Then the guard gives up, and the other was never started
    failure = await guarded.tells(voice.GaveUp)
    assert failure.name == "mute"
    assert await guarded.ended() == 1
    assert not guarded.all(voice.Started, "later")


async def test_nobody_waits_for_the_last_to_be_ready(lonely: Nursery) -> None:
    # Given a child that never says that it is ready, and nobody who is started after it
    guarded = await lonely.start(lonely.child("first"), lonely.child("mute", order=1, ready=True))
    # Then the guard is up all the same, and has not given up
    await guarded.up()
    assert not guarded.all(voice.Ready)
    assert await guarded.end() == 0


async def test_a_permanent_child_comes_back_and_the_others_are_left_alone(lonely: Nursery) -> None:
    guarded = await lonely.start(lonely.child("a"), lonely.child("b"))
    await guarded.up()
    before = guarded.pids
    os.kill(before["a"], signal.SIGKILL)
    again = await guarded.tells(voice.Started, "a", times=2)
    assert alive(again.pid)
    assert guarded.pids["b"] == before["b"]
    exited = await guarded.tells(voice.Exited, "a")
    assert (exited.pid, exited.signal, exited.ordered) == (before["a"], signal.SIGKILL, False)


@pytest.mark.parametrize(
    ("restart", "code", "comes_back"),
    [
        ("permanent", 0, True),
        ("permanent", 3, True),
        ("transient", 0, False),
        ("transient", 3, True),
        ("temporary", 0, False),
        ("temporary", 3, False),
    ],
)
async def test_each_restart_is_what_it_says(
    lonely: Nursery, tmp_path: Path, restart: str, code: int, comes_back: bool
) -> None:
    # Given a child that ends once, and another one that ends later
    once = f"import os, signal\ntry: os.mkdir({str(tmp_path / 'been')!r})\nexcept OSError: signal.pause()\n"
    guarded = await lonely.start(
        lonely.child("once", once + f"raise SystemExit({code})", restart=restart), lonely.child("witness")
    )
    await guarded.tells(voice.Exited, "once")
    # When the other one has come back after it
    os.kill(guarded.pids["witness"], signal.SIGKILL)
    await guarded.tells(voice.Started, "witness", times=2)
    # Then it has, or has not
    assert len(guarded.all(voice.Started, "once")) == 1 + comes_back


async def test_a_child_that_dies_too_often_ends_everything_in_reverse(
    lonely: Nursery, tmp_path: Path
) -> None:
    # Given a child that dies again and again, beside others
    book = tmp_path / "book"
    guarded = await lonely.start(
        lonely.child("a", notes(book)),
        lonely.child("b", notes(book), order=1),
        lonely.child("broken", "import sys; sys.stdin.read(); sys.exit(3)", order=1),
        restarts=30,
    )
    # Then the guard gives up, says why, and ends with another code
    failure = await guarded.tells(voice.GaveUp)
    assert failure.reason == "broken died 31 times within 60 s, everything is stopped"
    assert await guarded.ended() == 1
    # And the others were stopped in reverse
    assert book.read_text().endswith("-b -a ")


async def test_a_child_that_cannot_work_as_it_was_started_ends_everything_at_once(lonely: Nursery) -> None:
    guarded = await lonely.start(lonely.child("misled", "raise SystemExit(2)"))
    assert (await guarded.tells(voice.GaveUp)).reason == "misled cannot work as it was started"
    assert await guarded.ended() == 1
    assert len(guarded.all(voice.Started)) == 1


async def test_a_program_that_does_not_exist_is_named(lonely: Nursery, tmp_path: Path) -> None:
    ghost = lonely.child("ghost")
    ghost = type(ghost)(
        name="ghost",
        role="effects",
        command=("/no/such/program",),
        environment={},
        log=str(tmp_path / "ghost.log"),
    )
    guarded = await lonely.start(ghost)
    failure = await guarded.tells(voice.GaveUp)
    assert failure.reason == "ghost cannot be started: No such file or directory: /no/such/program"
    assert await guarded.ended() == 1


async def test_who_does_not_go_when_asked_is_killed_after_its_grace(lonely: Nursery) -> None:
    guarded = await lonely.start(lonely.child("stubborn", f"print(1, flush=True); {STUBBORN}", grace_s=0.1))
    await guarded.up()
    pid = guarded.pids["stubborn"]
    await guarded.says("stubborn")
    assert await guarded.end() == 0
    assert (await guarded.tells(voice.Exited)).signal == signal.SIGKILL
    assert not alive(pid)


async def test_a_second_signal_does_not_hurry_the_end(lonely: Nursery, tmp_path: Path) -> None:
    # Given a guard that is stopping, with a child that takes its time
    slow = (
        "import os, signal, sys\n"
        "def end(*_):\n"
        "    print('asked', flush=True)\n"
        f"    os.close(os.open({str(tmp_path / 'gate')!r}, os.O_RDONLY)); sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, end); print('set', flush=True); signal.pause()"
    )
    os.mkfifo(tmp_path / "gate")
    guarded = await lonely.start(lonely.child("slow", slow, grace_s=20.0))
    await guarded.says("slow", "set")
    guarded.process.send_signal(signal.SIGTERM)
    await guarded.says("slow", "asked")
    # When it is told again
    guarded.process.send_signal(signal.SIGTERM)
    os.close(os.open(tmp_path / "gate", os.O_WRONLY))
    # Then the child has ended by itself
    assert await guarded.ended() == 0
    assert (await guarded.tells(voice.Exited)).signal == 0


async def test_children_have_their_environment_and_nothing_else(lonely: Nursery) -> None:
    code = (
        "import os; print(sorted(set(os.environ) - {'LC_CTYPE'}), flush=True); import signal; signal.pause()"
    )
    guarded = await lonely.start(lonely.child("bare", code))
    assert await guarded.says("bare") == "['MARK', 'PATH']\n"


async def test_a_child_dies_with_its_guard_by_the_kernels_hand(lonely: Nursery) -> None:
    # Given a child that asks what it is sent when its starter ends: PR_GET_PDEATHSIG is 2
    code = (
        "import ctypes; number = ctypes.c_int(); ctypes.CDLL(None).prctl(2, ctypes.byref(number))\n"
        f"print(number.value, flush=True); {SLEEPER}"
    )
    guarded = await lonely.start(lonely.child("bound", code))
    assert await guarded.says("bound") == f"{signal.SIGKILL.value}\n"


async def test_agents_wait_for_a_bus_and_nobody_else_does(lonely: Nursery) -> None:
    guarded = await lonely.start(lonely.agent("researcher-1"), lonely.child("effects-1", order=1))
    await guarded.tells(voice.Started, "effects-1")
    await guarded.tells(voice.Started, "effects-1")
    assert not guarded.all(voice.Started, "researcher-1")


@pytest.mark.parametrize("plan", ["", "{}", '{"children": [{"name": "a"}]}'])
async def test_a_plan_that_is_none_is_refused_with_a_sentence(lonely: Nursery, plan: str) -> None:
    guarded = await lonely.start()
    await guarded.end()
    (lonely.folder / "plan.json").write_text(plan)
    process = await _again(lonely)
    assert process == 2
    assert "the plan" in guarded.said()


async def _again(nursery: Nursery) -> int:
    with (nursery.folder / "guard.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "interlock.supervisor.guard",
            env={"INTERLOCK_GUARD_PLAN": str(nursery.folder / "plan.json")},
            stdout=asyncio.subprocess.DEVNULL,
            stderr=log,
        )
    return await process.wait()


async def test_a_guard_that_is_killed_leaves_none_of_its_children(lonely: Nursery) -> None:
    guarded = await lonely.start(lonely.child("a"), lonely.child("b", STUBBORN), lonely.child("c", SLEEPER))
    await guarded.up()
    pids = guarded.pids.values()
    await guarded.end(signal.SIGKILL)
    await gone(*pids)
