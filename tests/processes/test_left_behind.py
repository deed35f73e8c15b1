"""Nothing stays behind: whatever way an environment ends, its processes end with it."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

pytestmark = pytest.mark.processes

PATIENCE_S = 15.0
SERVER = "nats-server"
INTERLOCK = (sys.executable, "-m", "interlock.console")


class Up:
    """`interlock up`, started as a person does."""

    def __init__(self, state: Path, docs: Path) -> None:
        command = (
            sys.executable,
            "-m",
            "interlock.console",
            "up",
            "--port",
            "0",
            "--docs",
            docs,
            "--state",
            state,
        )
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.said: list[str] = []
        self._read_until("up at ")
        self.family = psutil.Process(self.process.pid).children(recursive=True)

    def end(self, number: int) -> int:
        """Send a signal and wait for the end."""
        self.process.send_signal(number)
        code = self.process.wait(PATIENCE_S)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code

    def _read_until(self, words: str) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line)
            if words in line:
                return
        raise AssertionError(self.said)


@pytest.fixture
def cleared() -> Iterator[list[psutil.Process]]:
    """Processes that are killed after the test, whatever became of it."""
    processes: list[psutil.Process] = []
    yield processes
    for process in processes:
        if process.is_running():
            process.kill()


def alive(processes: list[psutil.Process]) -> set[str]:
    """Wait until they have ended, and name those that have not."""
    _, left = psutil.wait_procs(processes, timeout=PATIENCE_S)
    return {process.name() for process in left}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_environment_that_is_told_to_stop_leaves_nothing(
    tmp_path: Path, docs: Path, cleared: list[psutil.Process], number: int
) -> None:
    # Given an environment
    up = Up(tmp_path / "state", docs)
    cleared += up.family
    assert len(up.family) == 9
    # When it is told to stop
    up.end(number)
    # Then none of its processes is left, at once
    assert not any(process.is_running() for process in up.family)


def test_an_environment_that_is_killed_leaves_but_the_server_which_the_next_adopts(
    tmp_path: Path, docs: Path, cleared: list[psutil.Process]
) -> None:
    # Given an environment
    up = Up(tmp_path / "state", docs)
    cleared += up.family
    server = next(process for process in up.family if process.name() == SERVER)
    # When the process that started everything is killed
    assert up.end(signal.SIGKILL) == -signal.SIGKILL
    # Then all its children end, but the server that holds the log
    assert alive([process for process in up.family if process != server]) == set()
    assert server.is_running()
    # And the next environment in the same folder adopts that server, and ends it when it ends
    second = Up(tmp_path / "state", docs)
    cleared += second.family
    assert any(f"{SERVER} {server.pid}" in line for line in second.said), second.said
    second.end(signal.SIGINT)
    assert alive([server, *second.family]) == set()


def test_a_run_that_is_interrupted_leaves_nothing(tmp_path: Path, docs: Path) -> None:
    # Given a run that has begun
    command = (
        sys.executable,
        "-m",
        "interlock.console",
        "run",
        "What?",
        "--docs",
        docs,
        "--state",
        tmp_path / "state",
    )
    run = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert run.stderr is not None
    assert "starting" in run.stderr.readline()
    while len(family := psutil.Process(run.pid).children(recursive=True)) < 9 and run.poll() is None:
        os.sched_yield()
    # When it is interrupted while it starts
    run.send_signal(signal.SIGINT)
    run.wait(PATIENCE_S)
    run.stderr.close()
    # Then none of its processes is left
    assert alive(family) == set()


async def test_a_process_whose_starter_is_gone_does_not_start(tmp_path: Path) -> None:
    # Given the number of a process that is no parent of what is started
    environment = {"INTERLOCK_PRINCIPAL": "planner-1", "INTERLOCK_PARENT": "1", "PATH": os.environ["PATH"]}
    # When an agent is started with it
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        "-m",
        "interlock.agents",
        "planner",
        env=environment,
        cwd=tmp_path,
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await process.communicate()
    # Then it ends with a sentence
    assert process.returncode == 2
    assert b"gone already" in said
