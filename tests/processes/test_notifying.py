"""A notifier as a process of its own: killed without warning at any time, it neither loses nor repeats."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from functools import partial
from pathlib import Path

import pytest
from tests.console.notifying.receivers import HANG, Receiver, receiving
from tests.console.notifying.stories import escalated, resolved

from interlock.bus import server
from interlock.bus.nats_bus import NatsBus, connect
from interlock.bus.process import DONE, UNREACHABLE, USAGE
from interlock.bus.stream import StreamSettings, ensure_stream
from interlock.contracts import facts as f
from interlock.contracts.decision import Decision
from interlock.contracts.message import encode
from interlock.contracts.subjects import decision_subject

pytestmark = pytest.mark.processes
KEY = "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
PATIENCE_S = 30.0

Says = Callable[[str], Awaitable[None]]


class Site:
    """An open server with a log, on which the test decides; and notifiers beside it."""

    def __init__(self, bus: NatsBus, running: server.Server, folder: Path) -> None:
        self.bus = bus
        self.server = running
        self.url = running.url
        self.file = folder / "notify.toml"
        self.places = folder / "places"

    def write(self, receiver: Receiver) -> None:
        self.file.write_text(
            f'[channels.all]\nkind = "webhook"\nurl = "{receiver.url}"\nsecret = {{ env = "HOOK" }}\n'
        )

    async def decide(self, *facts: f.AnyFact, task: int = 1) -> None:
        decision = Decision(task=task, cause=1, at_ms=1, by="supervisor-1", facts=facts)
        await self.bus.append(decision_subject(task), encode(decision))

    async def start(self, *inherited: int, **variables: str) -> asyncio.subprocess.Process:
        known = {"HOOK": KEY, "INTERLOCK_URL": self.url, "INTERLOCK_LOG": "json"}
        own = {"INTERLOCK_NOTIFY": str(self.file), "INTERLOCK_NOTIFY_STATE": str(self.places)}
        return await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "interlock.console.notifying"),
            env=os.environ | known | own | variables,
            stderr=asyncio.subprocess.PIPE,
            pass_fds=inherited,
        )

    @contextlib.asynccontextmanager
    async def runs(self, ends_by: signal.Signals = signal.SIGTERM) -> AsyncGenerator[Says]:
        """Run one that is open while the context is, and end it so; what it yields waits for a word of it."""
        process = await self.start()
        assert process.stderr is not None
        says = partial(_says, process.stderr)
        await says("channel_open")
        try:
            yield says
        finally:
            process.send_signal(ends_by)
            async with asyncio.timeout(PATIENCE_S):
                await process.communicate()
        assert process.returncode == (DONE if ends_by == signal.SIGTERM else -ends_by)


async def _says(output: asyncio.StreamReader, word: str) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while word.encode() not in (line := await output.readline()):
            assert line, "it has ended"


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    running = await asyncio.to_thread(server.start, tmp_path / "server")
    bus = await connect(running.url, "supervisor-1")
    await ensure_stream(bus, StreamSettings())
    yield Site(bus, running, tmp_path)
    await bus.close()
    await asyncio.to_thread(running.stop)


async def test_killed_and_started_again_it_tells_each_once_and_none_is_lost(site: Site) -> None:
    # Given a notifier that told one, and is killed while the receiver hangs over the second
    async with receiving(204, HANG) as receiver:
        site.write(receiver)
        async with site.runs(signal.SIGKILL):
            await site.decide(escalated(1))
            await site.decide(escalated(2))
            await receiver.count(2)
        # When something happens while there is none, and it runs again, twice
        await site.decide(resolved(1))
        async with site.runs() as says:
            await says('"1.1.resolved"')
        async with site.runs() as says:
            await site.decide(resolved(2))
            await says('"1.2.resolved"')
    # Then what had no answer is told again, and nothing else
    assert receiver.ids == ["1.1.asked", "1.2.asked", "1.2.asked", "1.1.resolved", "1.2.resolved"]


async def test_it_ends_at_once_while_a_receiver_hangs(site: Site) -> None:
    async with receiving(*[HANG] * 9) as receiver:
        site.write(receiver)
        async with site.runs():
            await site.decide(escalated())
            await receiver.count(1)
    # That is, within its first attempt
    assert receiver.ids == ["1.1.asked"]


async def test_what_is_decided_once_it_says_that_it_is_ready_is_told(site: Site) -> None:
    # Given a notifier that starts for the very first time, and somebody who waits until it is ready
    async with receiving() as receiver:
        site.write(receiver)
        readable, writable = os.pipe()
        process = await site.start(writable, INTERLOCK_READY_FD=str(writable))
        os.close(writable)
        with os.fdopen(readable, "rb") as word:
            try:
                async with asyncio.timeout(PATIENCE_S):
                    assert await asyncio.to_thread(word.read) == b"ready\n"
                # When something is decided then, it is told
                await site.decide(escalated())
                await receiver.count(1)
            finally:
                process.kill()
                await process.communicate()


async def test_it_goes_on_when_the_server_was_away(site: Site) -> None:
    async with receiving() as receiver:
        site.write(receiver)
        async with site.runs():
            await site.decide(escalated(1))
            await receiver.count(1)
            # When the connection is cut by a restart of the server, on the same port
            await asyncio.to_thread(site.server.restart)
            await site.decide(escalated(2))
            await receiver.count(2)
    assert receiver.ids == ["1.1.asked", "1.2.asked"]


@pytest.mark.parametrize(
    ("variables", "code", "sentence"),
    [
        ({"INTERLOCK_NOTIFY": ""}, USAGE, "which file of channels?"),
        ({"INTERLOCK_NOTIFY": "/nowhere.toml"}, USAGE, "/nowhere.toml cannot be read"),
        ({"HOOK": "short"}, USAGE, "[channels.all] its secret is none"),
        ({"INTERLOCK_NOTIFY_STATE": "/proc/nowhere"}, USAGE, "cannot be used"),
        ({"INTERLOCK_URL": "nats://127.0.0.1:1"}, UNREACHABLE, "127.0.0.1:1"),
    ],
)
async def test_what_is_wrong_is_one_sentence_and_a_code(
    site: Site, variables: dict[str, str], code: int, sentence: str
) -> None:
    async with receiving() as receiver:
        site.write(receiver)
        process = await site.start(**variables)
        async with asyncio.timeout(PATIENCE_S):
            _, said = await process.communicate()
    assert process.returncode == code
    assert sentence in said.decode().splitlines()[-1]
    assert b"Traceback" not in said
