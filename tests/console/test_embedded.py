"""The embedded server as the launcher keeps it: back at once on the same port, and gone when stopped."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from interlock.console import embedded
from interlock.console.embedded import EmbeddedServer
from interlock.supervisor.guard.intensity import Intensity

pytestmark = pytest.mark.processes
BOUND_S = 20.0


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[EmbeddedServer]:
    started = await embedded.start(tmp_path, 0)
    yield started
    await started.stop()
    assert not _is_server(started.pid)


async def test_a_server_that_is_killed_comes_back_on_the_same_port(server: EmbeddedServer) -> None:
    keeper = asyncio.create_task(server.keep(Intensity()))
    before, url = server.pid, server.url
    os.kill(before, signal.SIGKILL)
    async with asyncio.timeout(BOUND_S):
        while server.pid == before:
            await asyncio.to_thread(os.sched_yield)
    assert _is_server(server.pid)
    assert server.url == url
    keeper.cancel()


async def test_a_server_that_dies_too_often_is_given_up(server: EmbeddedServer) -> None:
    os.kill(server.pid, signal.SIGKILL)
    async with asyncio.timeout(BOUND_S):
        reason = await server.keep(Intensity(restarts=0))
    assert reason == "nats-server died 1 times within 10 s"


async def test_a_stop_waits_for_a_restart_that_is_under_way(server: EmbeddedServer) -> None:
    # Given a server that is just being started again
    keeper = asyncio.create_task(server.keep(Intensity()))
    os.kill(server.pid, signal.SIGKILL)
    async with asyncio.timeout(BOUND_S):
        while not server._changing.locked():  # pyright: ignore[reportPrivateUsage] - a test may look inside
            await asyncio.to_thread(os.sched_yield)
    # When it is stopped meanwhile, the fixture sees that no process is left
    keeper.cancel()
    await server.stop()
    assert not _is_server(server.pid)


async def test_a_start_that_is_cancelled_leaves_no_server(tmp_path: Path) -> None:
    starting = asyncio.create_task(embedded.start(tmp_path, 0))
    async with asyncio.timeout(BOUND_S):
        while not (tmp_path / "nats.conf").exists():
            await asyncio.to_thread(os.sched_yield)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    of_mine = [
        process
        for process in psutil.process_iter()
        if _is_server(process.pid) and _runs_in(process, tmp_path)
    ]
    assert of_mine == []


def _runs_in(process: psutil.Process, folder: Path) -> bool:
    try:
        return any(str(folder) in word for word in process.cmdline())
    except psutil.NoSuchProcess:
        return False


def _is_server(pid: int) -> bool:
    try:
        process = psutil.Process(pid)
        return process.name() == "nats-server" and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
