"""Several access services as real processes: each question has one answer, and any of them may die."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

import pytest
from tests.supervisor.access.site import Ear, Site

from interlock.bus import identity
from interlock.bus.errors import BusError, NotPermitted
from interlock.bus.process import UNREACHABLE, USAGE
from interlock.bus.stream import StreamSettings, ensure_stream
from interlock.contracts.observed import ConnectionEnded, Violation
from interlock.contracts.subjects import INPUTS

# nats-py leaves the socket of a connection that was refused to the garbage collector.
pytestmark = [pytest.mark.processes, pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")]

Start = Callable[..., Awaitable[Process]]


@pytest.fixture
async def start(bare: Site) -> AsyncIterator[Start]:
    """Start an access service as a process, and wait until it answers."""
    started: list[Process] = []

    async def start_it(principal: str = "access-1", **variables: str) -> Process:
        readable, writable = os.pipe()
        environment = {
            "PATH": os.environ["PATH"],
            "INTERLOCK_URL": bare.url,
            "INTERLOCK_PRINCIPAL": principal,
            "INTERLOCK_DIRECTORY": str(bare.folder),
            "INTERLOCK_READY_FD": str(writable),
        }
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "interlock.supervisor.access",
            env=environment | variables,
            pass_fds=[writable],
            stderr=asyncio.subprocess.PIPE,
        )
        started.append(process)
        os.close(writable)
        with os.fdopen(readable, "rb") as end:
            said = await asyncio.get_running_loop().run_in_executor(None, end.read)
        if variables.pop("INTERLOCK_FAILS", ""):
            assert said == b""
        else:
            assert said == b"ready\n"
        return process

    yield start_it
    for process in started:
        with suppress(ProcessLookupError):
            process.kill()
        await process.communicate()


async def begin(site: Site) -> None:
    site.supervisor = await site.connect("supervisor-1")
    await ensure_stream(site.supervisor, StreamSettings())
    site.alice = await site.connect("alice")
    await site.alice.follow([INPUTS], site.note)


async def test_each_question_has_one_answer_and_either_service_may_die(bare: Site, start: Start) -> None:
    # Given two access services
    first, second = await start("access-1"), await start("access-2")
    await begin(bare)
    await bare.greeted(2)
    # When somebody comes who may not, then that is recorded once
    for _ in range(10):
        with pytest.raises(NotPermitted):
            await bare.connect("nobody", key=identity.create().seed)
    await bare.said(Violation, count=10)
    await bare.quiet()
    assert len(bare.so_far(Violation)) == 10
    # And of an end that both see one record is enough
    await (await bare.connect("researcher-1")).close()
    await bare.said(ConnectionEnded)
    await bare.quiet()
    assert len(bare.so_far(ConnectionEnded)) == 1
    # When the first is killed, then the second goes on alone
    first.kill()
    await first.wait()
    ear = Ear(await bare.connect("researcher-1"))
    await bare.control("kill", "agent", "researcher-1")
    await asyncio.wait_for(ear.broken.wait(), 5)
    # And when the first is there again, the second may die
    await start("access-1")
    second.kill()
    await second.wait()
    with pytest.raises(NotPermitted):
        await bare.connect("researcher-1")
    other = Ear(await bare.connect("researcher-2"))
    await bare.control("kill", "agent", "researcher-2")
    await asyncio.wait_for(other.broken.wait(), 5)


async def test_nobody_gets_in_while_no_access_service_answers(bare: Site) -> None:
    with pytest.raises(BusError):
        await bare.connect("alice")


async def test_told_to_stop_it_ends_in_order(start: Start) -> None:
    process = await start()
    process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(process.wait(), 5) == 0


@pytest.mark.parametrize(
    ("variables", "code", "words"),
    [
        ({"INTERLOCK_DIRECTORY": ""}, USAGE, b"INTERLOCK_DIRECTORY is not set"),
        ({"INTERLOCK_OIDC": "/nowhere/oidc.toml"}, USAGE, b"oidc.toml cannot be read"),
        ({"INTERLOCK_URL": "nats://127.0.0.1:1"}, UNREACHABLE, b"no NATS server answers"),
        ({"INTERLOCK_PRINCIPAL": "access-7"}, UNREACHABLE, b"cannot be read"),
    ],
)
async def test_what_it_cannot_work_with_is_said_in_a_sentence(
    start: Start, variables: dict[str, str], code: int, words: bytes
) -> None:
    process = await start(INTERLOCK_FAILS="1", **variables)
    _, said = await asyncio.wait_for(process.communicate(), 10)
    assert process.returncode == code
    assert words in said
    assert b"Traceback" not in said
