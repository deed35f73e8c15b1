"""One role of the floor in a process of its own: `python -m bench.floor_role planner URL`.

It reads one subject and writes the next, and acknowledges its input when its output is stored. It says
`ready` when it listens and ends when its standard input does. No governance at all: that is the point.
"""

import asyncio
import sys
from collections.abc import Callable

import msgspec
import nats
import uvloop
from bench import job
from bench.fast_nats import Publisher, consume
from nats.aio.msg import Msg

STREAM = "FLOOR"


class Handoff(msgspec.Struct):
    """One of the texts that a role hands to the next."""

    task: str
    text: str


class Stage(msgspec.Struct):
    """Where a role reads and writes, how many inputs of a task it waits for, and what it makes of them."""

    reads: str
    writes: str
    joins: int
    step: Callable[[list[str]], list[str]]


STAGES = {
    "planner": Stage("floor.goal", "floor.question", 1, lambda texts: job.plan(texts[0])),
    "researcher": Stage("floor.question", "floor.finding", 1, lambda texts: [job.research(texts[0])]),
    "executor": Stage("floor.finding", "floor.outcome", job.PARTS, lambda texts: [job.execute(texts)]),
    "reviewer": Stage("floor.outcome", "floor.verdict", 1, lambda texts: [job.review(texts[0])]),
}
SUBMITTED, DONE = STAGES["planner"].reads, STAGES["reviewer"].writes

encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(Handoff).decode


async def run(role: str, url: str) -> None:
    """Serve the role until standard input ends."""
    stage = STAGES[role]
    client = await nats.connect(url)
    publisher = Publisher(client)
    await publisher.start()
    gathered: dict[str, list[tuple[Handoff, Msg]]] = {}

    async def handle(message: Msg) -> None:
        handoff = decode(message.data)
        inputs = gathered.setdefault(handoff.task, [])
        inputs.append((handoff, message))
        if len(inputs) < stage.joins:
            return
        del gathered[handoff.task]
        outputs = stage.step([given.text for given, _ in inputs])
        await publisher.publish(stage.writes, *(encode(Handoff(handoff.task, text)) for text in outputs))
        for _, given in inputs:
            await client.publish(given.reply)

    ended = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), ended.set)
    async with asyncio.TaskGroup() as handling:
        await consume(client, STREAM, role, handle, handling)
        print("ready", flush=True)
        await ended.wait()


if __name__ == "__main__":
    uvloop.run(run(*sys.argv[1:3]))
