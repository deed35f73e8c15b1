"""Shapes: how the types of an author's handler become JSON Schema, and how data is read and written in them.

Structs, dataclasses, TypedDicts and plain types are msgspec's; types with pydantic models in them are
pydantic's, which is imported only when the author has imported it.
"""

import sys
from typing import Any, Generic, Protocol, TypeVar, cast, get_args

import msgspec

from interlock.agents.errors import MalformedAgent, Unfit
from interlock.contracts.message import Json

T = TypeVar("T")

_shapes: dict[Any, Any] = {}


class Shape(Protocol[T]):
    """A type with its schema; every failure to fit is Unfit and names the place."""

    name: str
    schema: Json

    def from_json(self, data: bytes) -> T:
        """Read a value."""
        ...

    def to_json(self, value: T) -> bytes:
        """Write a value, and make sure that it reads back."""
        ...


class MsgspecShape(Generic[T]):
    """A type that msgspec knows."""

    def __init__(self, kind: type[T]) -> None:
        self.name = _name(kind)
        self.schema = rooted(msgspec.json.schema(kind))
        self._read = msgspec.json.Decoder(kind).decode
        self._write = msgspec.json.Encoder().encode

    def from_json(self, data: bytes) -> T:
        """Read a value."""
        try:
            return self._read(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Unfit(str(error)) from error

    def to_json(self, value: T) -> bytes:
        """Write a value, and make sure that it reads back."""
        try:
            data = self._write(value)
        except (TypeError, ValueError, OverflowError, RecursionError) as error:
            raise Unfit(str(error)) from error
        self.from_json(data)
        return data


class PydanticShape(Generic[T]):
    """A type with pydantic models in it."""

    def __init__(self, kind: type[T]) -> None:
        from pydantic import TypeAdapter, ValidationError  # noqa: PLC0415 - agents without models never load it

        self.name = _name(kind)
        self._type: Any = TypeAdapter(kind)
        self._invalid = ValidationError
        self.schema = rooted(self._type.json_schema())

    def from_json(self, data: bytes) -> T:
        """Read a value."""
        try:
            return cast("T", self._type.validate_json(data))
        except self._invalid as error:
            raise Unfit(_first_place(error)) from error

    def to_json(self, value: T) -> bytes:
        """Write a value, and make sure that it reads back."""
        try:
            data = cast("bytes", self._type.dump_json(value, by_alias=True, warnings="error"))
        except (ValueError, TypeError, AttributeError) as error:
            raise Unfit(str(error)) from error
        self.from_json(data)
        return data


def shape_of(kind: type[T]) -> Shape[T]:
    """Return the shape of a type, made once; raise MalformedAgent for a type that has no JSON form."""
    shape = _shapes.get(kind)
    if shape is None:
        try:
            shape = _shapes[kind] = PydanticShape(kind) if _is_pydantic(kind) else MsgspecShape(kind)
        except TypeError as error:
            raise MalformedAgent(f"{_name(kind)} has no form in JSON: {error}") from error
    return shape


def rooted(schema: Json) -> Json:
    """Return the schema with its first reference resolved: many models want an object at the root."""
    reference = schema.get("$ref", "")
    if not reference.startswith("#/$defs/"):
        return schema
    definitions: Json = dict(schema["$defs"])
    name = reference.removeprefix("#/$defs/")
    root: Json = dict(definitions[name])
    if f'"{reference}"'.encode() not in msgspec.json.encode(definitions):
        del definitions[name]
    return root | ({"$defs": definitions} if definitions else {})


def _is_pydantic(kind: Any) -> bool:
    pydantic = sys.modules.get("pydantic")
    if pydantic is None:
        return False
    if isinstance(kind, type) and issubclass(kind, pydantic.BaseModel):
        return True
    return any(_is_pydantic(part) for part in get_args(kind))


def _name(kind: Any) -> str:
    return kind.__name__ if isinstance(kind, type) and not get_args(kind) else str(kind)


def _first_place(error: Any) -> str:
    first = error.errors(include_url=False, include_context=False)[0]
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"])
    return f"{first['msg']} - at `${place}`"
