"""What all messages share: a version, strict decoding with limits, one encoder; no particular message."""

import re
from typing import Annotated, Any, ClassVar, TypeVar

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

_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*"')
_AS_BRACES = bytes.maketrans(b"[]", b"{}")
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


def snake(class_name: str) -> str:
    """Return the wire name of a class: `StepAssigned` is `step_assigned`."""
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in class_name).lstrip("_")


def line(text: str) -> str:
    """Return `text`, cut to what a Line holds."""
    return text[: limits.MAX_LINE_CHARS]


class Part(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A piece of a message; unknown fields are tolerated, defaults are left out on the wire."""


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A whole message; `v` is the major version of the protocol it speaks.

    `max_bytes` and `max_depth` (brackets within brackets) bound what is read of its kind.
    """

    max_bytes: ClassVar[int] = limits.MAX_MESSAGE_BYTES
    max_depth: ClassVar[int] = limits.MAX_DEPTH

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
    if len(data) > kind.max_bytes:
        raise MalformedMessage(
            f"the message has {len(data)} bytes; at most {kind.max_bytes} are read: "
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
    if data.count(b"{") + data.count(b"[") > kind.max_depth and _depth(data) > kind.max_depth:
        raise MalformedMessage(f"the message nests more than {kind.max_depth} levels deep: flatten it")
    return message


def _depth(data: bytes) -> int:
    """Return how deep the brackets of well-formed JSON stand within each other."""
    nested, depth = _STRINGS.sub(b"", data).translate(_AS_BRACES, _NO_BRACKETS), 0
    while nested:
        nested, depth = nested.replace(b"{}", b""), depth + 1
    return depth


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
