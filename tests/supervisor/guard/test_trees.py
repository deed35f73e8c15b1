"""Everything that a child starts dies with it, whatever it does to stay: as whoever we are, and as nobody."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psutil
import pytest
from tests.supervisor.guard.nursery import SLEEPER, Guarded, Nursery, Office, agent_scope, alive, gone

from interlock.bus.patience import FIRST
from interlock.bus.server import Server
from interlock.contracts.observed import ProcessExited
from interlock.supervisor.guard import cage, kernel, voice
from interlock.supervisor.guard.life import MOST_HURRIED, Life, kill_all
from interlock.supervisor.guard.plan import Child
from interlock.supervisor.guard.spawn import spawn
from interlock.supervisor.guard.strays import Strays

pytestmark = pytest.mark.processes

# Nobody may read everything here, so that the interpreter may stand where only its owner can read.
NOBODY = (
    "setpriv",
    "--reuid=65534",
    "--regid=65534",
    "--clear-groups",
    "--inh-caps=+dac_read_search",
    "--ambient-caps=+dac_read_search",
)
PLANNER = agent_scope("planner-1")
# Leaves its parent, its session and its environment behind, says who it is, and is waited for till then.
DAEMON = """
import os, signal, sys
gone, going = os.pipe()
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        print('daemon', os.getpid(), flush=True)
        os.execve(sys.executable, [sys.executable, '-c', 'import signal; signal.pause()'], {})
    os._exit(0)
os.close(going)
os.read(gone, 1)
"""
# Hops from process to process, each in a session of its own; the number of hops is bounded for our own sake.
HARE = """
import os, signal
if os.fork():
    signal.pause()
print('set', flush=True)
for _ in range(20_000):
    os.setsid()
    if os.fork():
        os._exit(0)
"""
# Fills every place that it is given, again and again; each fork takes a token, of which there are not many.
BOMB = """
import os, resource, signal
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_NPROC, (150, 150))
tokens, fill = os.pipe()
os.write(fill, bytes(600))
os.set_blocking(tokens, False)
print('set', flush=True)
while True:
    try:
        os.read(tokens, 1)
    except BlockingIOError:
        signal.pause()
    try:
        if os.fork() == 0:
            os.setsid()
    except OSError:
        pass
"""


def ways() -> list[tuple[str, ...]]:
    """Return how a guard can be started here: as we are, and as nobody where we may become that."""
    try:
        subprocess.run([*NOBODY, sys.executable, "-c", ""], check=True, stderr=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError):
        return [()]
    return [(), NOBODY]


@pytest.fixture(params=ways(), ids=lambda way: "as nobody" if way else "as we are")
def way(request: pytest.FixtureRequest) -> tuple[str, ...]:
    found: tuple[str, ...] = request.param
    return found


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder in which everybody may write."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        yield Path(folder)


@pytest.fixture
async def nursery(home: Path, nats: Server, office: Office) -> AsyncIterator[Nursery]:
    """Guards on the bus."""
    assert office
    made = Nursery(home, nats.url)
    yield made
    await made.close()
    assert not left(home)


def left(home: Path) -> list[psutil.Process]:
    """Return who is still there of those that were started with this folder in their code."""
    found: list[psutil.Process] = []
    for process in psutil.process_iter():
        try:
            if any(f"# {home}" in word for word in process.cmdline()):
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            continue
    return found


def planner(nursery: Nursery, code: str) -> Child:
    return nursery.agent("planner-1", f"{code}\n# {nursery.folder}")


async def told(guarded: Guarded, name: str, what: str) -> int:
    """Return the process that a child has said it started."""
    said = await guarded.says(name, f"{what} ")
    while not (found := re.search(rf"{what} (\d+)\n", said)):
        said = await guarded.says(name)
    return int(found[1])


async def killed(office: Office) -> ProcessExited:
    await office.control("kill", PLANNER)
    return await office.exited("planner-1")


async def test_a_daemon_ends_with_who_started_it(
    nursery: Nursery, office: Office, way: tuple[str, ...]
) -> None:
    # Given an agent that has let a process go: another parent, another session, no environment
    guarded = await nursery.start(planner(nursery, DAEMON + SLEEPER), wrap=way)
    daemon = await told(guarded, "planner-1", "daemon")
    # When it is killed
    exited = await killed(office)
    # Then both are gone when the guard says so, and both are counted
    assert not alive(daemon)
    assert exited.processes >= 2


async def test_a_daemon_ends_also_when_who_started_it_ends_by_itself(
    nursery: Nursery, office: Office, way: tuple[str, ...]
) -> None:
    guarded = await nursery.start(
        nursery.child("once", f"{DAEMON}\n# {nursery.folder}", restart="temporary"), wrap=way
    )
    daemon = await told(guarded, "once", "daemon")
    exited = await office.exited("once")
    assert exited.code == 0
    assert not alive(daemon)


async def test_a_group_of_its_own_lives_as_long_as_its_parent_and_a_daemon_does_not(
    nursery: Nursery, way: tuple[str, ...]
) -> None:
    # Given a child with a tool in a session of its own, and with a daemon
    tool = "tool = os.fork()\nif not tool: os.setsid(); signal.pause()\nprint('tool', tool, flush=True)\n"
    guarded = await nursery.start(
        nursery.child("effects-1", f"{DAEMON}{tool}{SLEEPER}\n# {nursery.folder}"), wrap=way
    )
    daemon, helper = [await told(guarded, "effects-1", what) for what in ("daemon", "tool")]
    # When the guard has looked around
    await gone(daemon)
    # Then the tool lives, and so does its parent
    assert alive(helper)
    assert alive(guarded.pids["effects-1"])
    # And it ends with it
    os.kill(guarded.pids["effects-1"], signal.SIGKILL)
    await guarded.tells(voice.Exited, "effects-1")
    assert not alive(helper)


@pytest.mark.parametrize("code", [HARE, BOMB], ids=["a hare", "a bomb"])
async def test_what_multiplies_faster_than_it_can_be_killed_ends(
    nursery: Nursery, office: Office, way: tuple[str, ...], code: str
) -> None:
    # Given an agent that forks without end, each time into a session of its own
    guarded = await nursery.start(planner(nursery, code), nursery.child("effects-1"), wrap=way)
    await guarded.says("planner-1", "set")
    # When it is killed
    await office.control("kill", PLANNER)
    # Then all of it is gone when the guard says so, and its neighbour has not been touched
    exited = await office.exited("planner-1")
    assert "did not end" not in exited.reason
    assert not left(nursery.folder)
    assert alive(guarded.pids["effects-1"])


async def test_where_cgroups_can_be_made_children_are_in_them(nursery: Nursery) -> None:
    # Given a place where they can be made
    probe = cage.find()
    if probe is None:
        pytest.skip("no cgroup v2 that is ours here")
    probe.remove()
    # When a guard has started a child
    guarded = await nursery.start(nursery.child("effects-1"))
    pid = (await guarded.tells(voice.Started)).pid
    # Then that is in one of its own, which is gone when the guard is
    assert f"/interlock-{guarded.process.pid}/effects-1.1" in membership(pid)
    assert cages_of(guarded.process.pid)
    await guarded.end()
    assert not cages_of(guarded.process.pid)


def membership(pid: int) -> str:
    return Path(f"/proc/{pid}/cgroup").read_text()


def cages_of(guard: int) -> list[Path]:
    return [path for path in Path("/sys/fs/cgroup").rglob(f"interlock-{guard}") if path.is_dir()]


async def test_a_cgroup_alone_ends_everything_in_it(home: Path) -> None:
    # Given a process in a group of its own that has let another one go, and nobody who guards them
    cages = cage.find()
    if cages is None:
        pytest.skip("no cgroup v2 that is ours here")
    made = cages.make("daemon")
    assert made is not None
    child = Child(
        name="daemon",
        role="effects",
        command=(sys.executable, "-c", f"{DAEMON}{SLEEPER}"),
        environment={},
        log=str(home / "daemon.log"),
    )
    spawned = spawn(child, made.door)
    while not (found := re.search(r"daemon (\d+)\n", said(home / "daemon.log"))):
        await asyncio.to_thread(os.sched_yield)
    # When the group is killed
    assert made.count() >= 2
    made.kill()
    # Then both are gone, and so is the group when it is taken away
    await asyncio.to_thread(os.waitpid, spawned.pid, 0)
    await gone(int(found[1]))
    made.remove()
    cages.remove()
    assert not cages_of(os.getpid())


def said(path: Path) -> str:
    return path.read_text()


async def test_what_is_stilled_does_not_move_any_more(home: Path) -> None:
    # Given a process that is busy, and another one below it in a session of its own
    busy = "import os\nif os.fork() == 0: os.setsid()\nprint(os.getpid(), flush=True)\nwhile True: pass"
    log = home / "busy.log"
    with log.open("wb") as output:
        child = await asyncio.create_subprocess_exec(sys.executable, "-c", busy, stdout=output)
    while len(said(log).split()) < 2:
        await asyncio.to_thread(os.sched_yield)
    # When all below it is stilled
    strays = Strays(lambda pid: pid != child.pid)
    while strays.still():
        await asyncio.to_thread(os.sched_yield)
    # Then both stand still, and can be ended in peace
    pids = [int(word) for word in said(log).split()]
    assert [kernel.state_of(pid)[0] for pid in pids] == ["T", "T"]
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    await child.wait()


async def test_a_guard_comes_before_its_children_where_that_is_permitted(nursery: Nursery) -> None:
    await skip_unless_permitted()
    # Given a guard that has heard of everything, and a child that it has started again since
    guarded = await nursery.start(nursery.child("effects-1"), nursery.agent("planner-1"))
    await guarded.up()
    os.kill(guarded.pids["effects-1"], signal.SIGKILL)
    child = await guarded.tells(voice.Started, "effects-1", times=2)
    # Then it does not wait for others, and its child is like all others
    assert os.sched_getscheduler(guarded.process.pid) & ~os.SCHED_RESET_ON_FORK == os.SCHED_RR
    assert os.sched_getscheduler(child.pid) == os.SCHED_OTHER


async def test_whoever_was_killed_is_hurried_or_held_back_with_all_its_threads() -> None:
    await skip_unless_permitted()
    # Given a process with two threads
    two = "import threading, signal; threading.Thread(target=signal.pause).start(); print(1, flush=True)"
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", two, stdout=subprocess.PIPE)
    assert child.stdout is not None
    await child.stdout.readline()
    threads = [int(name) for name in os.listdir(f"/proc/{child.pid}/task")]  # noqa: PTH208 - of /proc
    assert len(threads) == 2
    # When it is hurried, then both come before ordinary ones, and behind the guard
    kernel.hurry(child.pid)
    assert {os.sched_getscheduler(thread) for thread in threads} == {os.SCHED_RR}
    assert all(os.sched_getparam(thread).sched_priority < FIRST for thread in threads)
    # And when it is held back, it is nicer than others
    kernel.hold_back(child.pid)
    assert os.getpriority(os.PRIO_PROCESS, child.pid) > os.getpriority(os.PRIO_PROCESS, 0)
    child.kill()
    await child.wait()
    # And one that is gone is no matter
    kernel.hurry(child.pid)
    kernel.hold_back(child.pid)


@pytest.mark.parametrize(("count", "hurry"), [(MOST_HURRIED, True), (MOST_HURRIED + 1, False)])
async def test_a_few_that_were_killed_are_hurried_and_many_are_not(
    lonely: Nursery, monkeypatch: pytest.MonkeyPatch, count: int, hurry: bool
) -> None:
    # Given so many lives
    hurried, held_back = list[int](), list[int]()
    monkeypatch.setattr(kernel, "hurry", hurried.append)
    monkeypatch.setattr(kernel, "hold_back", held_back.append)
    running = [
        await asyncio.create_subprocess_exec("sleep", "60", start_new_session=True) for _ in range(count)
    ]
    lives = [Life(lonely.agent(f"agent-{process.pid}"), process.pid, None) for process in running]
    # When all are killed
    kill_all(lives, 1, "the test says so")
    # Then each is treated as so many are
    pids = [process.pid for process in running]
    assert (hurried, held_back) == ((pids, []) if hurry else ([], pids))
    assert [await process.wait() for process in running] == [-signal.SIGKILL] * count
    # And one that has ended is let alone
    lives[0].ended(0)
    lives[0].hurry()
    assert len(hurried) + len(held_back) == count


async def skip_unless_permitted() -> None:
    probe = "from interlock.bus.patience import come_first; raise SystemExit(not come_first())"
    if await (await asyncio.create_subprocess_exec(sys.executable, "-c", probe)).wait():
        pytest.skip("nobody may come first here")
