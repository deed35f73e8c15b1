"""What all messages share: a version, strict decoding with limits, one encoder; no particular message."""

from typing import Annotated, Any, TypeVar

import msgspec

from interlock.contracts import limits
from interlock.contracts.errors import MalformedMessage, NewerProtocol
from interlock.contracts.version import PROTOCOL_MAJOR

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
Line = Annotated[str, msgspec.Meta(max_length=limits.MAX_LINE_CHARS)]
Reason = Annotated[str, msgspec.Meta(max_length=limits.MAX_REASON_CHARS)]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
Sequence = Annotated[int, msgspec.Meta(ge=0)]
Json = dict[str, Any]


def snake(class_name: str) -> str:
    """Return the wire name of a class: `StepAssigned` is `step_assigned`."""
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in class_name).lstrip("_")


class Part(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A piece of a message; unknown fields are tolerated, defaults are left out on the wire."""


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A whole message; `v` is the major version of the protocol it speaks."""

    v: int = PROTOCOL_MAJOR


class _Version(msgspec.Struct):
    v: int = PROTOCOL_MAJOR


M = TypeVar("M", bound=Message)

encode = msgspec.json.Encoder().encode
_decoders: dict[Any, msgspec.json.Decoder[Any]] = {}
_read_version = msgspec.json.Decoder(_Version).decode


def decode(kind: type[M], data: bytes) -> M:
    """Read one message of a known kind.

    Raises NewerProtocol for a newer major version, MalformedMessage for anything else that does not fit;
    the sentence names the place (`$.goal`) and what was expected there.
    """
    if len(data) > limits.MAX_MESSAGE_BYTES:
        raise MalformedMessage(
            f"the message has {len(data)} bytes; at most {limits.MAX_MESSAGE_BYTES} are read: "
            "put large content into a file and name it"
        )
    decoder = _decoders.get(kind)
    if decoder is None:
        decoder = _decoders[kind] = msgspec.json.Decoder(kind)
    try:
        message: M = decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        _refuse_newer(data)
        raise MalformedMessage(f"this is no {snake(kind.__name__)} message: {error}") from error
    if message.v > PROTOCOL_MAJOR:
        _refuse_newer(data)
    return message


def _refuse_newer(data: bytes) -> None:
    try:
        version = _read_version(data).v
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return
    if version > PROTOCOL_MAJOR:
        raise NewerProtocol(
            f"the message speaks version {version} of the protocol, this program version {PROTOCOL_MAJOR}: "
            "upgrade Interlock here, or send the older version"
        )
