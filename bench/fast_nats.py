"""The cheapest durable way to hand messages on with nats-py; does not know what they mean.

Publishing: many outstanding, each acknowledged on its own token under one wildcard inbox. Consuming: one
pull request that stands, filled up again at half. The library's `js.publish` and `fetch` cost twice as much.
"""

import asyncio
from asyncio import TaskGroup
from collections.abc import Callable, Coroutine

from nats.aio.client import Client
from nats.aio.msg import Msg

PULLED_AHEAD = 64


class PublishRefused(Exception):
    """The stream did not store a message; the sentence is the server's."""


class Publisher:
    """Publishes to a stream on one connection."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._inbox = client.new_inbox() + "."
        self._published = 0
        self._outstanding: dict[str, asyncio.Future[None]] = {}

    async def start(self) -> None:
        """Listen for acknowledgements; call it once, before the first message."""
        await self._client.subscribe(self._inbox + "*", cb=self._acknowledged)

    async def publish(self, subject: str, *messages: bytes) -> None:
        """Return when all of them are stored; raise PublishRefused if one was not."""
        stored = []
        for message in messages:
            self._published += 1
            token = str(self._published)
            future = self._outstanding[token] = asyncio.get_running_loop().create_future()
            stored.append(future)
            await self._client.publish(subject, message, reply=self._inbox + token)
        for future in stored:
            await future

    async def _acknowledged(self, message: Msg) -> None:
        stored = self._outstanding.pop(message.subject.removeprefix(self._inbox))
        if not message.data or message.data.startswith(b'{"error":'):
            stored.set_exception(PublishRefused(message.data.decode() or "no stream listens on the subject"))
        else:
            stored.set_result(None)


async def consume(
    client: Client,
    stream: str,
    durable: str,
    handle: Callable[[Msg], Coroutine[None, None, None]],
    handling: TaskGroup,
) -> None:
    """Begin to hand every message to `handle`, many at a time, as tasks of `handling`.

    `handle` acknowledges by publishing an empty message to the message's reply subject. What the server says
    of the pull request itself arrives there too, without data, and should fail: nothing comes after it.
    """
    inbox, pull = client.new_inbox(), f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{durable}"
    awaited = 0

    async def fill_up() -> None:
        nonlocal awaited
        await client.publish(pull, b'{"batch":%d}' % (PULLED_AHEAD - awaited), reply=inbox)
        awaited = PULLED_AHEAD

    async def delivered(message: Msg) -> None:
        nonlocal awaited
        handling.create_task(handle(message))
        awaited -= 1
        if awaited * 2 <= PULLED_AHEAD:
            await fill_up()

    await client.subscribe(inbox, cb=delivered)
    await fill_up()
    await client.flush()
