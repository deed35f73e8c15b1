"""An agent's real process on a real server: it comes, hears again after a restart, holds no keys, goes."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from interlock.bus import server
from interlock.bus.dispatch import Dispatcher
from interlock.bus.nats_bus import NatsBus, connect
from interlock.bus.ports import Record
from interlock.bus.server import Server
from interlock.bus.stream import ensure_stream
from interlock.contracts.dispatch import DoStep
from interlock.contracts.inputs import Input, read_record
from interlock.contracts.message import encode
from interlock.contracts.presence import Bye
from interlock.contracts.step import StepResult

pytestmark = pytest.mark.processes

PATIENCE_S = 20.0
PROGRAM = """
import os

from interlock.agents import Agent, Context

agent = Agent("clerk", charter="clerk.toml")


@agent.handle
async def file(step: dict[str, str], ctx: Context) -> list[str]:
    return sorted(name for name in os.environ if "KEY" in name)


agent.run()
"""


class Watch:
    """What the agent says, as it says it."""

    def __init__(self) -> None:
        self._said: asyncio.Queue[Input] = asyncio.Queue()

    async def on_record(self, record: Record) -> None:
        self._said.put_nowait(read_record(record.seq, record.time_ms, record.subject, record.data))

    async def next(self, verb: str) -> Input:
        """Wait until it says this, whatever else it says before."""
        async with asyncio.timeout(PATIENCE_S):
            while (said := await self._said.get()).verb != verb:
                pass
        return said


@pytest.fixture
def nats(tmp_path: Path) -> Iterator[Server]:
    running = server.start(tmp_path / "store")
    yield running
    running.stop()


@pytest.fixture
async def bus(nats: Server) -> AsyncIterator[NatsBus]:
    bus = await connect(nats.url, "supervisor-1")
    await ensure_stream(bus)
    yield bus
    await bus.close()


@pytest.fixture
def clerk(tmp_path: Path, nats: Server, bus: NatsBus) -> Iterator["subprocess.Popen[bytes]"]:
    del bus  # the log has to be there before the agent
    (tmp_path / "clerk.py").write_text(PROGRAM)
    (tmp_path / "clerk.toml").write_text('role = "clerk"\nversion = "1"\nobjective = "File."\n')
    variables = {"INTERLOCK_URL": nats.url, "OPENAI_API_KEY": "sk-not-for-agents"}
    process = subprocess.Popen([sys.executable, tmp_path / "clerk.py"], env=os.environ | variables)
    yield process
    process.kill()
    process.wait()


async def test_a_process_works_through_a_restart_of_the_server_and_leaves_in_order(
    nats: Server, bus: NatsBus, clerk: "subprocess.Popen[bytes]"
) -> None:
    # Given an agent that has come
    watch = Watch()
    await bus.follow(["interlock.in.clerk-1.>"], watch.on_record)
    await watch.next("hello")
    dispatcher = Dispatcher(bus, bus.principal, lambda _key, _principal: None)
    await dispatcher.start()
    # When the server is killed and started again
    await asyncio.to_thread(nats.kill)
    await asyncio.to_thread(nats.restart)
    # Then it says hello again, takes a dispatch, and has no key in its environment
    await watch.next("hello")
    step = DoStep(task=7, step="s1", attempt=1, role="clerk", title="", goal="g", input={})
    dispatcher.send("s1", "clerk-1", encode(step))
    result = (await watch.next("result")).body
    assert isinstance(result, StepResult)
    assert b"API_KEY" not in bytes(result.value)
    # And when it is told to go, it says bye and ends at once
    clerk.send_signal(signal.SIGTERM)
    bye = (await watch.next("bye")).body
    assert isinstance(bye, Bye)
    assert await asyncio.to_thread(clerk.wait, 5) == 0
    await dispatcher.stop()
