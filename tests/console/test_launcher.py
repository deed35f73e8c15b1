"""The launcher with real, small children: they are kept, given up on, and stopped, in order and in whole."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import psutil
import pytest

from interlock.console.endings import to_the_end
from interlock.console.errors import GaveUp, NotRunning
from interlock.console.intensity import Intensity
from interlock.console.launcher import Launcher
from interlock.console.processes import Child

SLEEPER = "import signal; signal.pause()"
# A child that will not go when asked, with a child of its own.
STUBBORN = (
    "import signal, subprocess, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "print(subprocess.Popen([sys.executable, '-c', 'import signal; signal.pause()']).pid, flush=True);"
    "signal.pause()"
)
BOUND_S = 10.0

Make = Callable[..., Launcher]


def child(name: str, code: str, *, stage: int = 0, joins: bool = True) -> Child:
    return Child(
        name=name, command=(sys.executable, "-c", code), environment={"MARK": name}, stage=stage, joins=joins
    )


@pytest.fixture
async def launch(tmp_path: Path) -> AsyncIterator[Make]:
    made: list[Launcher] = []

    def make(*children: Child, restarts: int = 5) -> Launcher:
        made.append(Launcher(children, tmp_path, intensity=Intensity(restarts=restarts, period_s=60)))
        return made[-1]

    yield make
    for launcher in made:
        await launcher.stop(grace_s=0.1)


async def becomes(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(BOUND_S):
        while not true():
            await asyncio.to_thread(os.sched_yield)


async def at_once(_names: frozenset[str]) -> None:
    return


async def never(_names: frozenset[str]) -> None:
    await asyncio.get_running_loop().create_future()


async def test_a_child_that_is_killed_comes_back(launch: Make) -> None:
    # Given two children
    launcher = launch(child("a", SLEEPER), child("b", SLEEPER))
    await launcher.start()
    before = launcher.pids
    # When one is killed
    os.kill(before["a"], signal.SIGKILL)
    await becomes(lambda: launcher.pids["a"] != before["a"])
    # Then it runs again and the other was left alone
    assert psutil.pid_exists(launcher.pids["a"])
    assert launcher.pids["b"] == before["b"]


async def test_a_child_that_dies_again_and_again_is_given_up_with_its_last_words(launch: Make) -> None:
    launcher = launch(child("broken", "import sys; sys.exit('no such model')"), restarts=2)
    await launcher.start()
    async with asyncio.timeout(BOUND_S):
        failure = await launcher.failed()
    assert isinstance(failure, GaveUp)
    assert str(failure).startswith("broken died 3 times within 60 s, everything is stopped")
    assert "no such model" in str(failure)


async def test_a_child_that_says_it_was_started_wrongly_is_not_started_again(launch: Make) -> None:
    # Given a process that ends as ours do when their settings are wrong
    complaint = '{"event": "stopped", "reason": "no such folder"}'
    launcher = launch(child("misled", f"print({complaint!r}); raise SystemExit(2)"))
    await launcher.start()
    async with asyncio.timeout(BOUND_S):
        failure = await launcher.failed()
    # Then its reason is told, without the words around it
    assert str(failure) == "misled cannot work as it was started; misled said last: no such folder"


async def test_waiting_for_readiness_ends_as_soon_as_a_child_is_given_up(launch: Make) -> None:
    launcher = launch(child("broken", "raise SystemExit(3)"), restarts=0)
    await launcher.start()
    with pytest.raises(GaveUp, match="broken said nothing"):
        await launcher.ready(never)


async def test_who_is_not_ready_in_time_is_told_where_the_logs_are(launch: Make, tmp_path: Path) -> None:
    launcher = launch(child("slow", SLEEPER))
    await launcher.start()
    with pytest.raises(NotRunning, match=f"no process has died; their logs are in {tmp_path}"):
        await launcher.ready(never, timeout_s=0.05)


async def test_only_those_who_join_are_waited_for(launch: Make) -> None:
    asked: list[frozenset[str]] = []

    async def note(names: frozenset[str]) -> None:
        asked.append(names)
        await at_once(names)

    launcher = launch(child("supervisor", SLEEPER, joins=False), child("agent", SLEEPER))
    await launcher.start()
    await launcher.ready(note)
    assert asked == [frozenset({"agent"})]


async def test_a_stubborn_child_is_killed_with_all_that_it_started(launch: Make, tmp_path: Path) -> None:
    # Given a child that ignores SIGTERM and has a child of its own
    launcher = launch(child("stubborn", STUBBORN))
    await launcher.start()
    await becomes(lambda: (tmp_path / "stubborn.log").read_text().endswith("\n"))
    grandchild = int((tmp_path / "stubborn.log").read_text())
    pid = launcher.pids["stubborn"]
    # When it is stopped
    await launcher.stop(grace_s=0.1)
    # Then both are gone
    await becomes(lambda: not _lives(pid) and not _lives(grandchild))


async def test_the_last_stage_is_stopped_first(launch: Make, tmp_path: Path) -> None:
    # Given children that note when they are told to stop
    ending = tmp_path / "ending"
    code = (
        "import os, signal, sys\n"
        f"def end(*_): open({str(ending)!r}, 'a').write(os.environ['MARK']); sys.exit()\n"
        "signal.signal(signal.SIGTERM, end); print('set', flush=True); signal.pause()"
    )
    launcher = launch(*(child(name, code, stage=stage) for stage, name in enumerate("abc")))
    await launcher.start()
    await becomes(lambda: all((tmp_path / f"{name}.log").read_text() == "set\n" for name in "abc"))
    # When all are stopped
    await launcher.stop()
    # Then the order is the reverse of their stages
    assert ending.read_text() == "cba"


async def test_children_have_their_environment_and_nothing_else(launch: Make, tmp_path: Path) -> None:
    code = (
        "import os; print(sorted(set(os.environ) - {'LC_CTYPE'}), flush=True); import signal; signal.pause()"
    )
    launcher = launch(child("bare", code))
    await launcher.start()
    await becomes(lambda: (tmp_path / "bare.log").read_text().endswith("\n"))
    assert (tmp_path / "bare.log").read_text() == "['MARK']\n"


async def test_a_child_that_cannot_be_started_is_named(launch: Make) -> None:
    launcher = launch(Child(name="ghost", command=("/no/such/program",), environment={}))
    with pytest.raises(NotRunning, match="ghost cannot be started: No such file or directory"):
        await launcher.start()


async def test_what_must_be_finished_is_finished_even_when_cancelled() -> None:
    # Given an ending that takes a while
    go_on, finished = asyncio.Event(), asyncio.Event()

    async def end() -> None:
        await go_on.wait()
        finished.set()

    ending = asyncio.create_task(to_the_end(end()))
    await asyncio.sleep(0)
    # When it is cancelled twice, as by two Ctrl-C
    for _ in range(2):
        ending.cancel()
        await asyncio.sleep(0)
    go_on.set()
    # Then it was finished, and the cancellation is passed on
    with pytest.raises(asyncio.CancelledError):
        await ending
    assert finished.is_set()


def _lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
