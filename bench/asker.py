"""An agent that asks a model again and again, and measures how long each answer takes.

`python -m bench.asker` joins as one; what it shall ask comes as its step's input.
"""

import asyncio
from time import perf_counter

import msgspec
from bench import job

from interlock.agents import Agent, Context

ROLE = "asker"
AGENT = Agent(ROLE, charter="asker.toml")


class Order(msgspec.Struct):
    """So many effects, one after the other, with a rest after each."""

    effects: int
    rest_ms: float


class Answer(msgspec.Struct):
    """What each question is answered with."""

    text: str


class Latencies(msgspec.Struct):
    """How long each effect took, from the call to its answer."""

    ms: list[float]


@AGENT.handle
async def ask(order: Order, context: Context) -> Latencies:
    """Ask, and measure."""
    latencies = Latencies([])
    for number in range(order.effects):
        # No two calls are the same: that would be a loop.
        question = f"{number}: {job.GOAL}"
        began = perf_counter()
        await context.model(question, inputs={"text": question}, returns=Answer)
        latencies.ms.append((perf_counter() - began) * 1e3)
        await asyncio.sleep(order.rest_ms / 1e3)
    return latencies


if __name__ == "__main__":
    AGENT.run()
