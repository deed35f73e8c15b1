"""The floor: what the same hand-offs cost as a bare nats-py pipeline.

planner -> 3 researchers in parallel -> executor (joins) -> reviewer -> done: four processes and a driver,
nine durable messages a task in one JetStream file stream, nothing acknowledged before its output is stored.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import nats
from bench.fast_nats import Publisher, consume
from bench.floor_role import DONE, STAGES, STREAM, SUBMITTED, Handoff, decode, encode
from bench.job import GOAL
from bench.measure import Contender, Submit, System, contender
from bench.processes import PROC
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.api import AckPolicy, ConsumerConfig, StorageType

from interlock.bus import server

NAME = "floor"
DRIVER = "driver"
TASKS = {1: 500, 32: 3000}
MOST_UNACKNOWLEDGED = 4000


@asynccontextmanager
async def floor() -> AsyncGenerator[Contender]:
    """Run the floor beside a server of its own, which has Interlock's settings and asks for no keys.

    How it shares the cores is left to the system, as it is for the floor's own processes.
    """
    with TemporaryDirectory(prefix="interlock-bench-") as name:
        running = server.start(Path(name))
        as_the_system_does(running.pid)
        try:
            client = await nats.connect(running.url)
            await _prepare(client)
            with _roles(running.url) as roles:
                async with _door(client) as submit:
                    processes = {"server": running.pid, DRIVER: os.getpid(), **roles}
                    yield contender(System(NAME, "file, sync 100 ms", submit, processes), TASKS)
            await client.close()
        finally:
            running.stop()


async def _prepare(client: Client) -> None:
    log = client.jetstream()
    await log.add_stream(name=STREAM, subjects=["floor.>"], storage=StorageType.FILE)
    readers = {role: stage.reads for role, stage in STAGES.items()} | {DRIVER: DONE}
    for name, subject in readers.items():
        await log.add_consumer(
            STREAM,
            ConsumerConfig(
                durable_name=name,
                filter_subject=subject,
                ack_policy=AckPolicy.EXPLICIT,
                max_ack_pending=MOST_UNACKNOWLEDGED,
            ),
        )


@contextmanager
def _roles(url: str) -> Generator[dict[str, int]]:
    command = (sys.executable, "-m", "bench.floor_role")
    running = {
        role: subprocess.Popen([*command, role, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for role in STAGES
    }
    try:
        for role, process in running.items():
            if not process.stdout or not process.stdout.readline():
                raise RuntimeError(f"the {role} ended before it listened; its own message stands above")
        yield {role: process.pid for role, process in running.items()}
    finally:
        for process in running.values():
            process.communicate()


@asynccontextmanager
async def _door(client: Client) -> AsyncGenerator[Submit]:
    publisher = Publisher(client)
    await publisher.start()
    awaited: dict[str, asyncio.Future[None]] = {}

    async def submit(task: str) -> None:
        done = awaited[task] = asyncio.get_running_loop().create_future()
        await publisher.publish(SUBMITTED, encode(Handoff(task, GOAL)))
        await done

    async def finished(message: Msg) -> None:
        awaited.pop(decode(message.data).task).set_result(None)
        await client.publish(message.reply)

    async with asyncio.TaskGroup() as handling:
        await consume(client, STREAM, DRIVER, finished, handling)
        yield submit


def as_the_system_does(pid: int) -> None:
    """Give every thread of a process the system's usual scheduling again."""
    for thread in (PROC / str(pid) / "task").iterdir():
        os.sched_setscheduler(int(thread.name), os.SCHED_OTHER, os.sched_param(0))
