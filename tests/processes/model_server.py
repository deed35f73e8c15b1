"""A language model on a loopback port, as OpenAI's API: it answers by script, when the test lets it.

What was asked is kept with what became of it, so that a test can count what was bought.
"""

import asyncio
import contextlib
import hashlib
import json
import re
from collections import Counter
from typing import Any

PATIENCE_S = 20.0
MODEL = "openai/scripted"
_PASSAGE = re.compile(r"^## file: (?P<file>.+) · line: (?P<line>\d+)\n.*\n\n(?P<text>.+)$", re.MULTILINE)


class Asked:
    """One request: what for, and the digest of what was asked; `done` once answered, `left` once given up."""

    def __init__(self, body: dict[str, Any], data: bytes) -> None:
        self.purpose: str = body["response_format"]["json_schema"]["name"]
        self.prompt: str = body["messages"][0]["content"]
        self.digest = hashlib.sha256(data).hexdigest()
        self.done = asyncio.Event()
        self.left = asyncio.Event()
        self.left_at = 0.0


class ModelServer:
    """`held` purposes wait until they are released; `status` other than 200 refuses everybody."""

    def __init__(self) -> None:
        self.requests: list[Asked] = []
        self.held: set[str] = set()
        self.status = 200
        self.tokens_per_request = 15
        self._changed = asyncio.Condition()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)

    async def stop(self) -> None:
        assert self._server is not None
        self.held.clear()
        self._server.close()
        async with self._changed:
            self._changed.notify_all()

    @property
    def url(self) -> str:
        assert self._server is not None
        return "http://{}:{}/v1".format(*self._server.sockets[0].getsockname())

    def hold(self, *purposes: str) -> None:
        self.held.update(purposes)

    async def release(self, *purposes: str) -> None:
        """Answer these purposes (none named: all), now and from now on."""
        self.held.difference_update(purposes or tuple(self.held))
        async with self._changed:
            self._changed.notify_all()

    async def asked(self, purpose: str, times: int = 1) -> Asked:
        """Wait until that was asked so often, and return the latest."""
        async with asyncio.timeout(PATIENCE_S), self._changed:
            await self._changed.wait_for(lambda: len(self._of(purpose)) >= times)
        return self._of(purpose)[-1]

    @property
    def answered(self) -> list[Asked]:
        """The requests that got an answer."""
        return [asked for asked in self.requests if asked.done.is_set()]

    def bought(self) -> Counter[str]:
        """Return how often each different question was asked, named by its purpose and digest."""
        return Counter(f"{asked.purpose} {asked.digest[:8]}" for asked in self.requests)

    def _of(self, purpose: str) -> list[Asked]:
        return [asked for asked in self.requests if asked.purpose == purpose]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = re.search(rb"content-length: (\d+)", head.lower())
                data = await reader.readexactly(int(length[1]) if length else 0)
                if not await self._answer(data, reader, writer):
                    break
        writer.close()

    async def _answer(self, data: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; return whether its asker is still there."""
        asked = Asked(json.loads(data), data)
        async with self._changed:
            self.requests.append(asked)
            self._changed.notify_all()
        leaving = asyncio.ensure_future(_until_closed(reader, asked))
        releasing = asyncio.ensure_future(self._until_released(asked.purpose))
        await asyncio.wait({leaving, releasing}, return_when=asyncio.FIRST_COMPLETED)
        releasing.cancel()
        if asked.left.is_set():
            return False
        leaving.cancel()
        await asyncio.wait({leaving})
        writer.write(self._response(asked))
        await writer.drain()
        asked.done.set()
        return True

    async def _until_released(self, purpose: str) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: purpose not in self.held)

    def _response(self, asked: Asked) -> bytes:
        body: dict[str, Any] = {
            "error": {"message": "Incorrect API key provided.", "code": "invalid_api_key"}
        }
        if self.status == 200:
            said = {"role": "assistant", "content": json.dumps(_script(asked))}
            usage = {"prompt_tokens": self.tokens_per_request - 5, "completion_tokens": 5}
            body = {"choices": [{"message": said, "finish_reason": "stop"}], "usage": usage}
        text = json.dumps(body).encode()
        head = (f"HTTP/1.1 {self.status} -", "content-type: application/json", f"content-length: {len(text)}")
        return "\r\n".join((*head, "", "")).encode() + text


async def _until_closed(reader: asyncio.StreamReader, asked: Asked) -> None:
    with contextlib.suppress(ConnectionError):
        await reader.read(1)
    asked.left_at = asyncio.get_running_loop().time()
    asked.left.set()


def _script(asked: Asked) -> dict[str, Any]:
    """Return what a sensible model would say; an answer quotes the first passage that it was shown."""
    match asked.purpose:
        case "plan":
            steps = [
                _step("facts", "researcher", question="What colour is the lamp?"),
                _step("report", "executor", "facts", instruction="Say it."),
            ]
            return {"steps": steps, "criteria": []}
        case "queries":
            return {"queries": ["lamp green"]}
        case "answer":
            return _quotation(asked.prompt)
        case "report":
            return {"order": [1], "summary": ""}
        case "review":
            return {"decision": "approve", "reasons": [], "note": "It stands there."}
        case other:
            raise AssertionError(other)


def _step(name: str, role: str, *after: str, **given: str) -> dict[str, Any]:
    return {"id": name, "role": role, "title": name, "input": given, "after": after}


def _quotation(prompt: str) -> dict[str, Any]:
    passage = _PASSAGE.search(prompt)
    if passage is None:
        return {"claims": [], "unanswered": "No passage says it."}
    citation = {"quote": passage["text"], "file": passage["file"], "line": int(passage["line"])}
    return {"claims": [{"text": passage["text"], "citations": [citation]}], "unanswered": ""}
