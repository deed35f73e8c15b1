"""The launcher with a real guard and small children: they are known, kept, given up on; nothing is left."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import psutil
import pytest

from interlock.console import embedded
from interlock.console.endings import to_the_end
from interlock.console.errors import GaveUp, NotRunning
from interlock.console.launcher import Launcher
from interlock.console.processes import GUARD, GuardProcess
from interlock.supervisor.guard import kernel
from interlock.supervisor.guard.intensity import Intensity
from interlock.supervisor.guard.plan import Child

pytestmark = pytest.mark.processes

SLEEPER = "import signal; signal.pause()"
# Says who it has let go: a process without parent, session and environment of its starter.
DAEMON = (
    "import os, signal, sys\n"
    "if os.fork() == 0:\n"
    "    os.setsid()\n"
    "    if os.fork() == 0:\n"
    "        print(os.getpid(), flush=True)\n"
    "        os.execve(sys.executable, [sys.executable, '-c', 'import signal; signal.pause()'], {})\n"
    "    os._exit(0)\n"
    "os.wait(); signal.pause()"
)
BOUND_S = 10.0

Make = Callable[..., Launcher]


@pytest.fixture
def child(tmp_path: Path) -> Callable[..., Child]:
    def make(name: str, code: str = SLEEPER, **fields: object) -> Child:
        given = {"role": "effects", "grace_s": 0.2} | fields
        return Child(
            name=name,
            command=(sys.executable, "-c", code),
            environment={"MARK": name},
            log=str(tmp_path / f"{name}.log"),
            **given,  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType] - a test's own fields
        )

    return make


@pytest.fixture
async def launch(tmp_path: Path) -> AsyncIterator[Make]:
    made: list[Launcher] = []
    guard = GuardProcess(
        command=(sys.executable, "-P", "-m", "interlock.supervisor.guard"),
        environment={"INTERLOCK_URL": "nats://127.0.0.1:1", "PATH": os.environ["PATH"]},
        log=tmp_path / "guard-1.log",
    )

    def make(*children: Child, restarts: int = 5, beside: embedded.EmbeddedServer | None = None) -> Launcher:
        intensity = Intensity(restarts=restarts, period_s=60)
        made.append(Launcher(guard, children, intensity=intensity, beside=beside))
        return made[-1]

    before = set(psutil.Process().children(recursive=True))
    yield make
    for launcher in made:
        await launcher.stop()
    assert set(psutil.Process().children(recursive=True)) <= before
    assert not kernel.adopts_orphans()


async def becomes(true: Callable[[], object]) -> None:
    async with asyncio.timeout(BOUND_S):
        while not true():  # noqa: ASYNC110 - nobody announces it
            await asyncio.sleep(0)


async def at_once(_names: frozenset[str]) -> None:
    return


async def never(_names: frozenset[str]) -> None:
    await asyncio.get_running_loop().create_future()


async def given_up(launcher: Launcher) -> str:
    async with asyncio.timeout(BOUND_S):
        failure = await launcher.failed()
    assert isinstance(failure, GaveUp)
    return str(failure)


async def test_all_that_runs_is_known_by_name(launch: Make, child: Callable[..., Child]) -> None:
    launcher = launch(child("a"), child("b"))
    await launcher.start()
    assert list(launcher.pids) == [GUARD, "a", "b"]
    assert all(psutil.pid_exists(pid) for pid in launcher.pids.values())
    assert psutil.Process(launcher.pids["a"]).ppid() == launcher.pids[GUARD]


async def test_a_child_that_is_killed_comes_back(launch: Make, child: Callable[..., Child]) -> None:
    # Given two children
    launcher = launch(child("a"), child("b"))
    await launcher.start()
    before = launcher.pids
    # When one is killed
    os.kill(before["a"], signal.SIGKILL)
    await becomes(lambda: launcher.pids.get("a", before["a"]) != before["a"])
    # Then it runs again and the other was left alone
    assert psutil.pid_exists(launcher.pids["a"])
    assert launcher.pids["b"] == before["b"]


async def test_a_child_that_dies_again_and_again_is_given_up_with_its_last_words(
    launch: Make, child: Callable[..., Child]
) -> None:
    launcher = launch(child("broken", "import sys; sys.exit('no such model')"), restarts=2)
    with pytest.raises(GaveUp):
        await started_or_failed(launcher)
    failure = await given_up(launcher)
    assert failure.startswith("broken died 3 times within 60 s, everything is stopped")
    assert "no such model" in failure


async def started_or_failed(launcher: Launcher) -> None:
    """Wait until a launcher has failed, before or after all was started."""
    await launcher.start()
    await launcher.ready(never)


async def test_a_child_that_says_it_was_started_wrongly_is_not_started_again(
    launch: Make, child: Callable[..., Child]
) -> None:
    # Given a process that ends as ours do when their settings are wrong
    complaint = '{"event": "stopped", "reason": "no such folder"}'
    launcher = launch(child("misled", f"print({complaint!r}); raise SystemExit(2)"))
    with pytest.raises(GaveUp) as failure:
        await started_or_failed(launcher)
    # Then its reason is told, without the words around it
    assert str(failure.value) == "misled cannot work as it was started; misled said last: no such folder"


async def test_who_is_not_ready_in_time_is_told_where_the_logs_are(
    launch: Make, child: Callable[..., Child], tmp_path: Path
) -> None:
    launcher = launch(child("slow"))
    await launcher.start()
    with pytest.raises(NotRunning, match=f"no process has died; their logs are in {tmp_path}"):
        await launcher.ready(never, timeout_s=0.05)


async def test_only_those_who_join_are_waited_for(launch: Make, child: Callable[..., Child]) -> None:
    asked: list[frozenset[str]] = []

    async def note(names: frozenset[str]) -> None:
        asked.append(names)
        await at_once(names)

    launcher = launch(child("supervisor", role="supervisor"), child("effects"))
    await launcher.start()
    await launcher.ready(note)
    assert asked == [frozenset({"effects", GUARD})]


async def test_who_says_when_they_are_ready_are_waited_for(
    launch: Make, child: Callable[..., Child], tmp_path: Path
) -> None:
    # Given a child that others do not wait for, and that is ready when it is let go
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    word = f"open({str(gate)!r}).read(); import os; os.write(int(os.environ['INTERLOCK_READY_FD']), b'1')"
    launcher = launch(
        child("others"), child("reader", f"{word}; {SLEEPER}", role="viewer", ready=True, order=1)
    )
    await launcher.start()
    with pytest.raises(NotRunning, match="not ready"):
        await launcher.ready(at_once, timeout_s=0.05)
    # When it is let go, then they are ready
    await asyncio.to_thread(gate.write_text, "go")
    await launcher.ready(at_once)


async def test_a_child_that_cannot_be_started_is_named(launch: Make, tmp_path: Path) -> None:
    ghost = Child(
        name="ghost", role="effects", command=("/no/such/program",), environment={}, log=str(tmp_path / "log")
    )
    launcher = launch(ghost)
    with pytest.raises(GaveUp, match="ghost cannot be started: No such file or directory"):
        await started_or_failed(launcher)


async def test_a_guard_that_cannot_be_started_is_a_failure(tmp_path: Path) -> None:
    guard = GuardProcess(command=("/no/such/program",), environment={}, log=tmp_path / "log")
    launcher = Launcher(guard, ())
    with pytest.raises(NotRunning, match="the guard cannot be started: No such file or directory"):
        await launcher.start()
    await launcher.stop()
    assert not kernel.adopts_orphans()


async def test_a_guard_that_is_killed_comes_back_and_nothing_of_the_old_one_is_left(
    launch: Make, child: Callable[..., Child], tmp_path: Path
) -> None:
    # Given a guard with a child that has let a process go, and a process of ours beside them
    launcher = launch(child("a", DAEMON), child("b"))
    await launcher.start()
    ours = await asyncio.create_subprocess_exec(sys.executable, "-c", SLEEPER)
    await becomes(lambda: (tmp_path / "a.log").read_text().endswith("\n"))
    daemon, before = int((tmp_path / "a.log").read_text()), launcher.pids
    # When the guard is killed
    os.kill(before[GUARD], signal.SIGKILL)
    # Then there is another one with all its children, and nothing of the first
    await becomes(lambda: {"a", "b"} <= launcher.pids.keys() and launcher.pids["a"] != before["a"])
    assert not {*before.values()} & {*launcher.pids.values()}
    assert not any(psutil.pid_exists(pid) for pid in (daemon, *before.values()))
    # And what is not its own was left alone
    assert ours.returncode is None
    ours.kill()
    await ours.wait()


async def test_a_guard_that_is_killed_too_often_is_given_up(
    launch: Make, child: Callable[..., Child]
) -> None:
    launcher = launch(child("a"), restarts=0)
    await launcher.start()
    os.kill(launcher.pids[GUARD], signal.SIGKILL)
    assert (await given_up(launcher)).startswith(f"{GUARD} ended with code -9, everything is stopped")


async def test_a_server_beside_a_guard_that_is_killed_is_left_alone(
    launch: Make, child: Callable[..., Child], tmp_path: Path
) -> None:
    # Given a guard beside a server that was started again since
    server = await embedded.start(tmp_path / "server", 0)
    launcher = launch(child("a"), beside=server)
    await launcher.start()
    keeper, first = asyncio.create_task(server.keep(Intensity())), server.pid
    os.kill(first, signal.SIGKILL)
    await becomes(lambda: server.pid != first)
    second, before = server.pid, launcher.pids
    # When the guard is killed
    os.kill(before[GUARD], signal.SIGKILL)
    await becomes(lambda: launcher.pids.get("a", before["a"]) != before["a"])
    # Then the server goes on
    assert server.pid == second
    assert psutil.Process(second).status() != psutil.STATUS_ZOMBIE
    await server.stop()
    keeper.cancel()


async def test_the_plan_stands_in_no_file(launch: Make, child: Callable[..., Child], tmp_path: Path) -> None:
    launcher = launch(child("keeper", "import signal; secret = 1; signal.pause()"))
    await launcher.start()
    assert not containing(tmp_path, b"secret = 1")


def containing(folder: Path, words: bytes) -> list[Path]:
    return [path for path in folder.iterdir() if words in path.read_bytes()]


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
