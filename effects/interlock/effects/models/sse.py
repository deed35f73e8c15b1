"""Server-sent events out of an HTTP answer, within bounds; it does not know what they say.

Source: https://html.spec.whatwg.org/multipage/server-sent-events.html, section 9.2.6.
"""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec

from interlock.effects.errors import BrokenOff

BYTES_MAX = 16 * 1024 * 1024
LINE_BYTES_MAX = 1024 * 1024
DONE = b"[DONE]"


async def events(response: httpx.Response) -> AsyncIterator[dict[str, Any]]:
    """Yield the JSON object of each event until the end or `[DONE]`; raises BrokenOff."""
    data: list[bytes] = []
    async for line in _lines(response):
        if line.startswith(b"data:"):
            data.append(line[5:].removeprefix(b" "))
        elif not line and data:
            event = b"\n".join(data)
            data = []
            if event == DONE:
                return
            yield _object(event)
    if data and data != [DONE]:
        yield _object(b"\n".join(data))


async def whole(response: httpx.Response) -> dict[str, Any]:
    """Return the JSON object of an answer that is no stream; raises BrokenOff."""
    body = b""
    async for piece in _pieces(response):
        body += piece
    return _object(body)


async def _lines(response: httpx.Response) -> AsyncIterator[bytes]:
    rest = b""
    async for piece in _pieces(response):
        *lines, rest = (rest + piece).replace(b"\r\n", b"\n").split(b"\n")
        for line in lines:
            yield line.removesuffix(b"\r")
        if len(rest) > LINE_BYTES_MAX:
            raise BrokenOff(f"the model's answer has a line of more than {LINE_BYTES_MAX} bytes", used=None)
    if rest:
        yield rest
    yield b""


async def _pieces(response: httpx.Response) -> AsyncIterator[bytes]:
    size_bytes = 0
    try:
        async for piece in response.aiter_bytes():
            size_bytes += len(piece)
            if size_bytes > BYTES_MAX:
                raise BrokenOff(f"the model's answer is longer than {BYTES_MAX} bytes", used=None)
            yield piece
    except (httpx.TransportError, httpx.DecodingError) as error:
        why = str(error) or type(error).__name__
        raise BrokenOff(f"the model's answer broke off ({why}); try again", used=None) from error


def _object(data: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(data, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        shown = data[:80].decode(errors="replace")
        raise BrokenOff(f"the model's answer cannot be read ({error}): {shown!r}", used=None) from error
