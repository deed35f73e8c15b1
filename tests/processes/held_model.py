"""A model on a loopback port that answers only when the test lets it, and dates what it sees.

OpenAI's API; each call is known by its prompt. Times are microseconds since the epoch, by this machine's
clock; it takes nobody's word for when a call came and when its caller went.
"""

import asyncio
import contextlib
import json
import re
from random import Random

from interlock.bus.clock import now_us

MODEL = "openai/held"
FREE = f'[models."{MODEL}"]\nprice = "free"\n'
PATIENCE_S = 20.0
SLOWEST_S = 0.05
_LENGTH = re.compile(rb"content-length: (\d+)")


class Call:
    """One request; `left_us` is when its caller hung up without an answer, 0: it has not."""

    def __init__(self, prompt: str) -> None:
        self.prompt = prompt
        self.came_us = now_us()
        self.left_us = 0
        self.left = asyncio.Event()
        self.answered = asyncio.Event()

    async def closed(self) -> int:
        """Wait until its caller has gone, and return when that was."""
        async with asyncio.timeout(PATIENCE_S):
            await self.left.wait()
        return self.left_us

    async def over(self) -> None:
        """Wait until it was answered, or its caller has gone."""
        ways = [asyncio.ensure_future(event.wait()) for event in (self.left, self.answered)]
        await asyncio.wait(ways, timeout=PATIENCE_S, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        assert self.left.is_set() or self.answered.is_set(), f"{self.prompt!r} waits for its answer"


class HeldModel:
    """`calls` are all that came, in order; while it is `open`, or for prompts that are `free`, it answers.

    With a `chance` each answer takes a while, by its throw.
    """

    def __init__(self, chance: Random | None = None) -> None:
        self.calls: list[Call] = []
        self.free: set[str] = set()
        self.open = False
        self._chance = chance
        self._changed = asyncio.Condition()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        await self.release_all()

    @property
    def url(self) -> str:
        assert self._server is not None
        return "http://{}:{}/v1".format(*self._server.sockets[0].getsockname())

    async def release(self, *prompts: str) -> None:
        """Answer these, now and from now on."""
        async with self._changed:
            self.free.update(prompts)
            self._changed.notify_all()

    async def release_all(self) -> None:
        """Answer everything from now on."""
        async with self._changed:
            self.open = True
            self._changed.notify_all()

    async def came(self, prompt: str, times: int = 1) -> Call:
        """Wait until that was asked so often, and return the latest."""
        try:
            async with asyncio.timeout(PATIENCE_S), self._changed:
                await self._changed.wait_for(lambda: len(self.of(prompt)) >= times)
        except TimeoutError:
            raise AssertionError(f"{prompt!r} was not asked, but {[c.prompt for c in self.calls]}") from None
        return self.of(prompt)[-1]

    async def number(self, calls: int) -> None:
        """Wait until so many calls have come."""
        async with asyncio.timeout(PATIENCE_S), self._changed:
            await self._changed.wait_for(lambda: len(self.calls) >= calls)

    def of(self, prompt: str) -> list[Call]:
        """Return the calls with this prompt."""
        return [call for call in self.calls if call.prompt == prompt]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                length = _LENGTH.search((await reader.readuntil(b"\r\n\r\n")).lower())
                body = json.loads(await reader.readexactly(int(length[1]) if length else 0))
                if not await self._answer(body["messages"][0]["content"], reader, writer):
                    break
        writer.close()

    async def _answer(self, prompt: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        call = Call(prompt)
        async with self._changed:
            self.calls.append(call)
            self._changed.notify_all()
        leaving = asyncio.ensure_future(_until_closed(reader, call))
        releasing = asyncio.ensure_future(self._until_released(prompt))
        await asyncio.wait({leaving, releasing}, return_when=asyncio.FIRST_COMPLETED)
        releasing.cancel()
        if call.left.is_set():
            return False
        leaving.cancel()
        await asyncio.wait({leaving})
        call.answered.set()
        writer.write(_response(prompt))
        await writer.drain()
        return True

    async def _until_released(self, prompt: str) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: self.open or prompt in self.free)
        if self._chance is not None:
            over = asyncio.Event()
            asyncio.get_running_loop().call_later(self._chance.uniform(0, SLOWEST_S), over.set)
            await over.wait()


async def _until_closed(reader: asyncio.StreamReader, call: Call) -> None:
    with contextlib.suppress(ConnectionError):
        await reader.read(1)
    call.left_us = now_us()
    call.left.set()


def _response(prompt: str) -> bytes:
    said = {"role": "assistant", "content": f"heard: {prompt}"}
    usage = {"prompt_tokens": 5, "completion_tokens": 5}
    text = json.dumps({"choices": [{"message": said, "finish_reason": "stop"}], "usage": usage}).encode()
    head = ("HTTP/1.1 200 OK", "content-type: application/json", f"content-length: {len(text)}")
    return "\r\n".join((*head, "", "")).encode() + text
