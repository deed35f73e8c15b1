"""What a provider says when it refuses, from the several shapes in which providers say it."""

from typing import Any

import httpx
import msgspec

from interlock.effects.nodes import as_object

BYTES_MAX = 65_536
CHARS_MAX = 300


class Complaint(msgspec.Struct, frozen=True):
    """The HTTP status, the provider's words, and its code for the case, if any."""

    status: int
    message: str
    code: str = ""


async def read_complaint(response: httpx.Response) -> Complaint:
    """Read the body of a refusal; one that is no JSON is told as it is, cut short."""
    data = b""
    try:
        async for piece in response.aiter_bytes():
            data += piece
            if len(data) > BYTES_MAX:
                break
    except httpx.RequestError:
        pass
    try:
        said: Any = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        said = data.decode(errors="replace")
    return said_by(said, response.status_code)


def said_by(said: Any, status: int) -> Complaint:
    """Find the message in `{"error": {"message": ...}}`, `{"error": ...}`, `{"detail": ...}` or a text."""
    error: Any = as_object(said).get("error", said)
    fields = as_object(error)
    code = str(fields.get("code") or fields.get("type") or "")
    words = " ".join(str(fields.get("message") or fields.get("detail") or error).split())
    return Complaint(status, words[:CHARS_MAX] or "nothing", code)
