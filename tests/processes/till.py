"""A model on a loopback port at which every call is counted when it arrives: what really ran.

It takes nobody's word for it, neither the log's nor a worker's. Each answer takes a while, by the throw of a
`random.Random`, so that whoever is killed is killed in the middle of calls.
"""

import asyncio
import contextlib
import json
import re
from collections import Counter
from random import Random

MODEL = "openai/counted"
FREE = f'[models."{MODEL}"]\nprice = "free"\n'
PATIENCE_S = 40.0
QUICKEST_S, SLOWEST_S = 0.005, 0.06


class Till:
    """`calls` counts how often each prompt has arrived."""

    def __init__(self, chance: Random) -> None:
        self.calls: Counter[str] = Counter()
        self._chance = chance
        self._changed = asyncio.Condition()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()

    @property
    def url(self) -> str:
        assert self._server is not None
        return "http://{}:{}/v1".format(*self._server.sockets[0].getsockname())

    @property
    def arrived(self) -> int:
        """How many calls have arrived, answered or not."""
        return self.calls.total()

    async def reached(self, arrived: int) -> None:
        """Wait until so many calls have arrived."""
        try:
            async with asyncio.timeout(PATIENCE_S), self._changed:
                await self._changed.wait_for(lambda: self.arrived >= arrived)
        except TimeoutError:
            raise AssertionError(f"only {self.arrived} calls have arrived, not {arrived}") from None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = re.search(rb"content-length: (\d+)", head.lower())
                prompt = _prompt(await reader.readexactly(int(length[1]) if length else 0))
                async with self._changed:
                    self.calls[prompt] += 1
                    self._changed.notify_all()
                await self._take_time()
                writer.write(_response(prompt))
                await writer.drain()
        writer.close()

    async def _take_time(self) -> None:
        over = asyncio.Event()
        seconds = self._chance.uniform(QUICKEST_S, SLOWEST_S)
        asyncio.get_running_loop().call_later(seconds, over.set)
        await over.wait()


def _prompt(body: bytes) -> str:
    prompt: str = json.loads(body)["messages"][0]["content"]
    return prompt


def _response(prompt: str) -> bytes:
    said = {"role": "assistant", "content": f"counted: {prompt}"}
    usage = {"prompt_tokens": 5, "completion_tokens": 5}
    text = json.dumps({"choices": [{"message": said, "finish_reason": "stop"}], "usage": usage}).encode()
    head = ("HTTP/1.1 200 OK", "content-type: application/json", f"content-length: {len(text)}")
    return "\r\n".join((*head, "", "")).encode() + text
