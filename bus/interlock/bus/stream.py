"""The one stream: creates it, and corrects what differs from what is wanted; never touches a record.

A setting that nobody here knows survives a correction, because the server's own answer is sent back whole.
"""

from typing import Any

import msgspec

from interlock.bus import jetstream
from interlock.bus.errors import BusError
from interlock.bus.nats_bus import NatsBus
from interlock.bus.requests import Requests
from interlock.contracts.subjects import STORED, STREAM

DUPLICATES_S = 120
LARGEST_RECORD_BYTES = 1024 * 1024
NS_PER_S = 1_000_000_000
# The server cannot change these on an existing stream.
_FIXED = ("storage", "retention")


class StreamSettings(msgspec.Struct, frozen=True):
    """How much the log may hold, in bytes, and on how many servers each record stands.

    None leaves the replicas as they are; a new log then stands on one server.
    """

    max_bytes: int = 1024**3
    replicas: int | None = None


class _Info(msgspec.Struct, frozen=True):
    config: dict[str, Any]


async def ensure_stream(bus: NatsBus, settings: StreamSettings | None = None) -> None:
    """Create the stream, or bring an existing one to these settings.

    Raises BusError when the stream that stands there cannot become the one that is wanted, LogFull when the
    server has no room for it, NotPermitted when this principal may not.
    """
    wanted = configuration(settings or StreamSettings())
    found = await _found(bus.requests)
    if found is None:
        await _put(bus.requests, "CREATE", wanted)
        return
    for field in _FIXED:
        if found.get(field) != wanted[field]:
            raise BusError(
                f"the stream {STREAM} has {field} {found.get(field)!r} instead of {wanted[field]!r}, "
                "which cannot be changed; use another server or another state folder"
            )
    if settings is None or settings.replicas is None:
        wanted["num_replicas"] = found.get("num_replicas", 1)
    if any(found.get(field) != value for field, value in wanted.items()):
        await _put(bus.requests, "UPDATE", found | wanted)


def configuration(settings: StreamSettings) -> dict[str, Any]:
    """Return the stream's configuration as JetStream's API takes it.

    Direct reads stay off: their answer is a record's bytes on whatever subject the reader names, with nothing
    to tell it from a message of that subject's owner.
    """
    return {
        "name": STREAM,
        "subjects": list(STORED),
        "storage": "file",
        "retention": "limits",
        "discard": "new",
        "max_bytes": settings.max_bytes,
        "max_msg_size": LARGEST_RECORD_BYTES,
        "duplicate_window": DUPLICATES_S * NS_PER_S,
        "num_replicas": settings.replicas or 1,
        "allow_direct": False,
    }


async def _found(requests: Requests) -> dict[str, Any] | None:
    try:
        return (await jetstream.call(requests, f"STREAM.INFO.{STREAM}", b"", _Info)).config
    except jetstream.Refusal as refusal:
        if refusal.err_code == jetstream.NO_STREAM:
            return None
        raise


async def _put(requests: Requests, verb: str, config: dict[str, Any]) -> None:
    await jetstream.call(requests, f"STREAM.{verb}.{STREAM}", msgspec.json.encode(config), _Info)
