"""A guard whose bus is away: children go on, and what was missed is heard from the log when it is back."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.supervisor.guard.nursery import GUARD, Nursery, Office, agent_scope, switched

from interlock.bus.server import Server
from interlock.supervisor.guard import voice

pytestmark = pytest.mark.processes

PLANNER = agent_scope("planner-1")


class Line:
    """The way from a guard to the server; it can be cut."""

    def __init__(self, server: Server) -> None:
        self._to = urlsplit(server.url)
        self._listening: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._port = 0

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self._port}"

    async def mend(self) -> None:
        """Let connections through."""
        self._listening = await asyncio.start_server(self._connect, "127.0.0.1", self._port)
        self._port = self._listening.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """End all connections, and take no more."""
        if self._listening is not None:
            self._listening.close()
        for writer in tuple(self._open):
            writer.transport.abort()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(self._to.hostname, self._to.port)
        self._open |= {writer, back}
        await asyncio.gather(_pass(reader, back), _pass(there, writer))
        self._open -= {writer, back}


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()


@pytest.fixture
async def line(nats: Server) -> AsyncIterator[Line]:
    made = Line(nats)
    await made.mend()
    yield made
    await made.cut()


@pytest.fixture
async def nursery(tmp_path: Path, line: Line, office: Office) -> AsyncIterator[Nursery]:
    """Guards at the end of a line."""
    assert office
    made = Nursery(tmp_path, line.url)
    yield made
    await made.close()


async def test_a_kill_that_was_missed_is_heard_when_the_bus_is_back(
    nursery: Nursery, office: Office, line: Line
) -> None:
    # Given a guard whose bus is away
    guarded = await nursery.start(nursery.agent("planner-1"), nursery.agent("executor-1"))
    await office.said("hello")
    await line.cut()
    # When an agent is killed meanwhile, and nobody decides anything
    await office.control("kill", PLANNER)
    assert "planner-1" in guarded.pids
    # Then it ends when the bus is back, and is not started again
    await line.mend()
    exited = await office.exited("planner-1")
    assert exited.told_us
    assert set(guarded.pids) == {"executor-1"}


async def test_a_kill_that_was_taken_back_before_it_was_heard_of_ends_and_begins(
    nursery: Nursery, office: Office, line: Line
) -> None:
    # Given a guard whose bus is away while an agent is killed and released, as was decided
    guarded = await nursery.start(nursery.agent("planner-1"))
    await office.said("hello")
    before = guarded.pids["planner-1"]
    await line.cut()
    kill = await office.control("kill", PLANNER)
    await office.decide(switched(PLANNER, "killed", cause=kill), cause=kill)
    resume = await office.control("resume", PLANNER)
    await office.decide(switched(PLANNER, "running", cause=resume), cause=resume)
    # When the bus is back, then the life that was killed ends, and another begins
    await line.mend()
    assert (await office.exited("planner-1")).pid == before
    await guarded.tells(voice.Started, "planner-1", times=2)


async def test_children_are_kept_without_a_bus_and_what_was_seen_is_said_later(
    nursery: Nursery, office: Office, line: Line
) -> None:
    # Given a guard whose bus is away
    guarded = await nursery.start(nursery.child("effects-1"), nursery.agent("planner-1"))
    await office.said("hello")
    before = guarded.pids
    await line.cut()
    # When its children die, then they are started again
    for name, pid in before.items():
        os.kill(pid, signal.SIGKILL)
        await guarded.tells(voice.Started, name, times=2)
    # And when the bus is back, then the guard says hello again, and what became of each
    await line.mend()
    for name, pid in before.items():
        assert (await office.exited(name)).pid == pid
    await office.said("hello", times=2)
    # And each of these stands in the log once
    told = [record async for record in office.supervisor.history([f"interlock.in.{GUARD}.guard.exited"])]
    assert len(told) == 2


async def test_a_guard_that_finds_no_log_starts_everybody_and_hears_the_first_kill(
    nursery: Nursery, office: Office
) -> None:
    # Given a server without a log
    await office.burn()
    guarded = await nursery.start(nursery.agent("planner-1"))
    await guarded.up()
    # When somebody makes one and kills
    await office.make()
    await office.control("kill", PLANNER)
    # Then it is heard
    await guarded.tells(voice.Exited, "planner-1")
