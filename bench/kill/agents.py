"""Agents to be killed, each in the manner that its step names: `python agents.py CAPACITY`.

cooperative: waits for a model and would stop when asked. hung: the same, until SIGUSR1 lets it spin for ever.
deaf: ignores SIGTERM and every cancellation. busy: calls a model that answers at once, again and again.
"""

import asyncio
import os
import signal
import sys
from itertools import count
from typing import Literal, NoReturn

import msgspec
from msgspec.structs import replace

from interlock.agents import Agent, Context

ROLE = "dummy"
HANG = signal.SIGUSR1

Manner = Literal["cooperative", "hung", "deaf", "busy"]

agent = Agent(ROLE, charter="agents.toml")


class Order(msgspec.Struct):
    """How to be at work."""

    manner: Manner


@agent.handle
async def work(order: Order, context: Context) -> str:
    """Work until the end."""
    # Whoever sees the call in flight learns from it whose it is.
    question = f"hold {os.environ['INTERLOCK_PRINCIPAL']} {context.task}"
    match order.manner:
        case "cooperative":
            await context.model(question)
        case "hung":
            asyncio.get_running_loop().add_signal_handler(HANG, _hang)
            await context.model(question)
        case "deaf":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            await _never_stop(context, question)
        case "busy":
            async with asyncio.TaskGroup() as group:
                group.create_task(_call_on(context))
                group.create_task(context.model(question))
    return "not killed"


async def _call_on(context: Context) -> None:
    for number in count():
        await context.model(f"answer {number}")


async def _never_stop(context: Context, question: str) -> None:
    call = asyncio.ensure_future(context.model(question))
    while True:
        try:
            await asyncio.wait({call})
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            continue


def _hang() -> NoReturn:
    while True:
        pass


if __name__ == "__main__":
    agent.charter = replace(agent.charter, capacity=int(sys.argv[1]))
    agent.run()
