"""An agent that asks a model and then behaves as its order says: well, or as nobody should.

It tells a port of the test's, in lines, what it has come to.
"""

import asyncio
import contextlib
import os
import signal
import socket
import traceback
from collections.abc import Callable
from typing import NoReturn

import msgspec
from tests.processes.haunting import haunt

from interlock.agents import Agent, Context

agent = Agent("unruly", charter="unruly.toml")


class Order(msgspec.Struct):
    """What to ask, how to behave (a name in MANNERS), and the port to tell of it.

    `search` is what to search for before, `more` how often to ask again after the first answer.
    """

    prompt: str
    manner: str = "calm"
    port: int = 0
    search: str = ""
    more: int = 0


class Done(msgspec.Struct):
    """The answer."""

    answer: str


@agent.handle
async def work(order: Order, context: Context) -> Done:
    """Ask; with bad manners misbehave as soon as the test gives the cue, while the answer is awaited.

    Whoever gets the step after that behaves well.
    """
    if order.search:
        await context.tool("search", query=order.search)
    asking = asyncio.create_task(context.model(order.prompt))
    if order.manner in MANNERS and context.attempt == 1:
        await context.model(f"cue {order.prompt}")
        MANNERS[order.manner](order)
    try:
        answer = await asking
        for n in range(order.more):
            answer = await context.model(f"{order.prompt}.{n}")
        return Done(answer)
    except asyncio.CancelledError:
        if order.manner == "clinging":
            await _cling()
        raise


async def _cling() -> NoReturn:
    while True:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()


def tell(order: Order, *words: object) -> None:
    """Tell the test something, and wait until it has read that."""
    with socket.create_connection(("127.0.0.1", order.port)) as ear:
        ear.sendall(" ".join(map(str, words)).encode() + b"\n")
        ear.recv(1)


def _be_deaf(order: Order) -> None:
    asyncio.get_running_loop().remove_signal_handler(signal.SIGTERM)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    tell(order, os.getpid())


def _hang(order: Order) -> None:
    tell(order, os.getpid())
    while True:
        pass


def _fork(order: Order) -> None:
    """Leave a child in a session of its own, which ignores being asked to end."""

    def stay() -> None:
        tell(order, os.getpid())
        signal.pause()

    _leave(stay)


def _return(order: Order) -> None:
    """Leave a child that comes back to the bus again and again, with this agent's credential."""
    _leave(lambda: haunt(lambda word: tell(order, word, os.getpid())))


def _leave(live: Callable[[], object]) -> None:
    """Start a child in a session of its own; an orphan there would be ended before the test can strike."""
    if os.fork():
        return
    try:
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        live()
    except BaseException:  # noqa: BLE001 - whatever it is: nobody may go on here as a second agent
        traceback.print_exc()
    os._exit(0)


MANNERS: dict[str, Callable[[Order], None]] = {
    "deaf": _be_deaf,
    "hung": _hang,
    "forking": _fork,
    "returning": _return,
}

if __name__ == "__main__":
    agent.run()
