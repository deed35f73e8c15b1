"""Anthropic's API on a loopback port, with its free service that counts: both count as the test says."""

import asyncio
import contextlib
import json
import re
from collections.abc import Callable
from typing import Any

NAME = "claude-counted"
MODEL = f"anthropic/{NAME}"
COUNT, SEND = "/v1/messages/count_tokens", "/v1/messages"
ANSWERED_TOKENS = 7
PATIENCE_S = 20.0
_LENGTH = re.compile(rb"content-length: (\d+)")


class CountingServer:
    """`asked` holds the paths in their order; `tokens_of` says how many tokens a prompt has.

    It answers while `answering` is set.
    """

    def __init__(self, tokens_of: Callable[[str], int]) -> None:
        self.asked: list[str] = []
        self.tokens_of = tokens_of
        self.answering = asyncio.Event()
        self.answering.set()
        self._came = asyncio.Event()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)

    async def stop(self) -> None:
        assert self._server is not None
        self.answering.set()
        self._server.close()

    async def was_asked(self) -> None:
        """Wait for the first request."""
        async with asyncio.timeout(PATIENCE_S):
            await self._came.wait()

    @property
    def variables(self) -> dict[str, str]:
        """What an effect worker must know to find this server."""
        assert self._server is not None
        host, port = self._server.sockets[0].getsockname()
        return {"ANTHROPIC_BASE_URL": f"http://{host}:{port}/v1", "ANTHROPIC_API_KEY": "sk-test"}

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = _LENGTH.search(head.lower())
                body = json.loads(await reader.readexactly(int(length[1]) if length else 0))
                path = head.split()[1].decode()
                self.asked.append(path)
                self._came.set()
                await self.answering.wait()
                tokens = self.tokens_of(body["messages"][0]["content"])
                if path == COUNT:
                    kind, answer = "application/json", json.dumps({"input_tokens": tokens}).encode()
                else:
                    kind, answer = "text/event-stream", _spoken(tokens, body["tools"][0]["input_schema"])
                lines = ("HTTP/1.1 200 OK", f"content-type: {kind}", f"content-length: {len(answer)}")
                writer.write("\r\n".join((*lines, "", "")).encode() + answer)
                await writer.drain()
        writer.close()


def _spoken(tokens: int, schema: dict[str, Any]) -> bytes:
    """Return the stream of an answer that fits either of the researcher's two schemas."""
    queries: dict[str, Any] = {"queries": ["lamp green"]}
    answer: dict[str, Any] = {"claims": [], "unanswered": "Nobody knows."}
    said = queries if "queries" in schema["properties"] else answer
    events: tuple[dict[str, Any], ...] = (
        {"type": "message_start", "message": {"usage": {"input_tokens": tokens, "output_tokens": 1}}},
        {"type": "content_block_delta", "delta": {"partial_json": json.dumps(said)}},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "tool_use"},
            "usage": {"output_tokens": ANSWERED_TOKENS},
        },
    )
    return b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events)
