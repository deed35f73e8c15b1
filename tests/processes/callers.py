"""Agents that call a model as often as told, all calls at once: run with KEYS PRINCIPAL...

Each is a process of its own, forked from this one when everything it needs is loaded: fifty interpreters that
start afresh would need fifty times as long. This one only waits for them, and they end with it.
"""

import asyncio
import gc
import os
import signal
import sys
from pathlib import Path
from types import FrameType

import msgspec

from interlock.agents import Agent, Context, service

agent = Agent("caller", charter="caller.toml")


class Order(msgspec.Struct):
    """So many calls, each with this name and its number as prompt."""

    name: str
    calls: int


class Done(msgspec.Struct):
    """How many calls were answered."""

    calls: int


@agent.handle
async def call(order: Order, context: Context) -> Done:
    """Make all calls at once."""
    answers = await asyncio.gather(*(context.model(f"{order.name}.{n}") for n in range(order.calls)))
    return Done(len(answers))


def main(keys: Path, principals: list[str]) -> None:
    """Fork one agent for each principal, and wait until all have ended."""
    assert service, "it is loaded before the fork"
    gc.freeze()
    parent = os.getpid()
    for principal in principals:
        if os.fork() == 0:
            os.environ["INTERLOCK_PRINCIPAL"] = principal
            os.environ["INTERLOCK_KEY_FILE"] = str(keys / f"{principal}.nk")
            os.environ["INTERLOCK_PARENT"] = str(parent)
            agent.run()
    signal.signal(signal.SIGTERM, _wait_on)
    while True:
        try:
            os.wait()
        except ChildProcessError:
            return


def _wait_on(_number: int, _frame: FrameType | None) -> None:
    """Do nothing: the whole group was told, and each says goodbye for itself."""


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
