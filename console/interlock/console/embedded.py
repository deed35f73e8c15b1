"""Our nats-server: started with the environment, and again when it dies, on the same port."""

import asyncio
import contextlib
import os
from collections.abc import AsyncGenerator
from pathlib import Path

from interlock.bus import server
from interlock.bus.errors import ServerFailed
from interlock.console.endings import to_the_end
from interlock.console.errors import BadInput
from interlock.supervisor.guard.intensity import Deaths, Intensity


class EmbeddedServer:
    """One nats-server process. It is waited for by its pidfd, so that a death is seen at once."""

    def __init__(self, running: server.Server) -> None:
        self._running = running
        self._deaths = Deaths()
        self._stopping = False
        # A stop that overtook a restart would leave the new process behind.
        self._changing = asyncio.Lock()

    @property
    def url(self) -> str:
        """Where clients connect."""
        return self._running.url

    @property
    def pid(self) -> int:
        """The process's id, which changes when the server is started again."""
        return self._running.pid

    async def keep(self, intensity: Intensity) -> str:
        """Start the server again whenever it dies; return why when it died too often.

        Raises ServerFailed when it does not start again.
        """
        loop = asyncio.get_running_loop()
        while True:
            await _ended(self._running.pid)
            if self._stopping:
                return ""
            self._deaths = self._deaths.after(loop.time(), intensity)
            if self._deaths.are_too_many(intensity):
                return f"nats-server died {len(self._deaths.at_s)} times within {intensity.period_s:.0f} s"
            async with self._changing:
                await to_the_end(asyncio.to_thread(self._running.restart))

    @contextlib.asynccontextmanager
    async def steady(self) -> AsyncGenerator[int]:
        """Hold off restarts while the context is open, and yield the process's id."""
        async with self._changing:
            yield self._running.pid

    async def stop(self) -> None:
        """End the server after all who speak through it."""
        self._stopping = True
        async with self._changing:
            await asyncio.to_thread(self._running.stop)


async def start(folder: Path, port: int) -> EmbeddedServer:
    """Start (or adopt) the server of a folder; raises BadInput when the port is taken, else ServerFailed."""
    starting = asyncio.create_task(asyncio.to_thread(server.start, folder, port=port))
    try:
        return EmbeddedServer(await asyncio.shield(starting))
    except asyncio.CancelledError:
        # A thread cannot be cancelled: the server it is starting would outlive us.
        await to_the_end(_stop_once_started(starting))
        raise
    except ServerFailed as error:
        if "address already in use" in str(error):
            raise BadInput(f"port {port} is taken; choose another with --port N (0: any free one)") from error
        raise


async def _stop_once_started(starting: asyncio.Task[server.Server]) -> None:
    with contextlib.suppress(ServerFailed):
        await asyncio.to_thread((await starting).stop)


async def _ended(pid: int) -> None:
    """Wait until a process has ended, whoever started it (pidfd_open(2))."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.add_reader(descriptor, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)
