"""The floor of one governed effect: its hops and nothing else, as a bare nats-py does them.

asker -> stream -> decider, which stores its decision, and when that is acknowledged -> doer -> asker. The
decider and the doer are processes of their own (`python -m bench.hops decider URL`), as at Interlock.
"""

import asyncio
import subprocess
import sys
from asyncio import TaskGroup
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import nats
import uvloop
from bench.fast_nats import Publisher, consume
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.api import AckPolicy, ConsumerConfig, StorageType

from interlock.bus import server

STREAM, DECIDER, DOER = "HOPS", "decider", "doer"
ASKED, DECIDED = "hops.asked", "hops.decided"
DO, OUTCOME = "do.effect", "do.outcome"
"""What is sent and not stored."""

Hop = Callable[[bytes], Awaitable[None]]


@asynccontextmanager
async def hops() -> AsyncGenerator[Hop]:
    """Run the floor beside a server of its own, and give what sends a message all the way round."""
    with TemporaryDirectory(prefix="interlock-bench-") as name:
        running = server.start(Path(name))
        try:
            client = await nats.connect(running.url)
            log = client.jetstream()
            await log.add_stream(name=STREAM, subjects=["hops.>"], storage=StorageType.FILE)
            reading = ConsumerConfig(durable_name=DECIDER, filter_subject=ASKED, ack_policy=AckPolicy.NONE)
            await log.add_consumer(STREAM, reading)
            with _parts(running.url):
                yield await _asker(client)
            await client.close()
        finally:
            running.stop()


async def _asker(client: Client) -> Hop:
    publisher = Publisher(client)
    await publisher.start()
    outcomes: asyncio.Queue[bytes] = asyncio.Queue()

    async def heard(message: Msg) -> None:
        outcomes.put_nowait(message.data)

    async def ask(data: bytes) -> None:
        await asyncio.gather(publisher.publish(ASKED, data), outcomes.get())

    await client.subscribe(OUTCOME, cb=heard)
    return ask


@contextmanager
def _parts(url: str) -> Generator[None]:
    command = (sys.executable, "-m", "bench.hops")
    parts = [
        subprocess.Popen([*command, part, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for part in (DECIDER, DOER)
    ]
    try:
        for part in parts:
            if not part.stdout or not part.stdout.readline():
                raise RuntimeError("a part of the floor ended before it listened; its message stands above")
        yield
    finally:
        for part in parts:
            part.communicate()


async def run(part: str, url: str) -> None:
    """Serve one part until standard input ends."""
    client = await nats.connect(url)
    ended = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), ended.set)
    async with TaskGroup() as handling:
        if part == DECIDER:
            await _decide(client, handling)
        else:
            await _do(client)
        print("ready", flush=True)
        await ended.wait()


async def _decide(client: Client, handling: TaskGroup) -> None:
    publisher = Publisher(client)
    await publisher.start()

    async def handle(message: Msg) -> None:
        await publisher.publish(DECIDED, message.data)
        await client.publish(DO, message.data)

    await consume(client, STREAM, DECIDER, handle, handling)


async def _do(client: Client) -> None:
    async def handle(message: Msg) -> None:
        await client.publish(OUTCOME, message.data)

    await client.subscribe(DO, cb=handle)
    await client.flush()


if __name__ == "__main__":
    uvloop.run(run(*sys.argv[1:3]))
