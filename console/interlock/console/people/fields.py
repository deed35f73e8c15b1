"""The fields in which a person fills in something: made from a JSON Schema, and read back into its value."""

import re
from collections.abc import Mapping
from typing import Any, Literal

import msgspec
from msgspec.structs import replace

from interlock.console.errors import BadInput
from interlock.console.people.editing import read_json
from interlock.console.people.visible import visible
from interlock.contracts.message import Json

MOST_FIELDS = 32
MOST_CHOICES = 64
LONG_CHARS = 200

Kind = Literal["line", "text", "choice", "flag"]
Typed = Mapping[str, str | bool]


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One field; `about` says more of it than its label.

    `choices` are what may be chosen, as JSON; `holds` is how the text is read: as words, or as JSON. `whole`:
    it is all of the value, and no part of it.
    """

    name: str
    label: str
    about: str = ""
    kind: Kind = "line"
    value: str = ""
    choices: tuple[str, ...] = ()
    required: bool = False
    holds: Literal["words", "json"] = "words"
    whole: bool = False


class _Shape(msgspec.Struct, frozen=True):
    """What of a JSON Schema makes a field; all else is checked when the value is there."""

    type: Any = ""
    title: str = ""
    description: str = ""
    enum: list[Any] = []
    required: list[Any] = []
    properties: dict[str, Json] = {}
    max_length: int = msgspec.field(default=0, name="maxLength")


WHOLE = "value"
_PLAIN = re.compile(r"[A-Za-z0-9_-]+")
_TOLD_ALREADY = ("type", "title", "description", "enum")


def fields_of(form: Json) -> tuple[Field, ...]:
    """Return a field for each property of a form, or one for the whole value where it is no flat object."""
    shape = _shape(form)
    if shape.type != "object" or not 0 < len(shape.properties) <= MOST_FIELDS:
        return (replace(_field(WHOLE, shape, required=True), whole=True),)
    return tuple(
        _field(name, _shape(schema), required=name in shape.required)
        for name, schema in shape.properties.items()
    )


def told(form: Json) -> list[str]:
    """Return a form as one reads it, a line for each field; nothing where only JSON says what it asks."""
    fields = fields_of(form)
    return [] if fields[0].whole else [_told(field, form["properties"][field.name]) for field in fields]


def skeleton(form: Json) -> str:
    """Return what one types to answer a form, with gaps; a shell must find nothing of the form's in it."""
    names = [field.name for field in fields_of(form) if field.required and not field.whole]
    if not names or not all(map(_PLAIN.fullmatch, names)):
        return "JSON"
    gaps = ", ".join(f'"{name}": …' for name in names)
    return f"'{{{gaps}}}'"


def _told(field: Field, schema: Json) -> str:
    said = [" or ".join(map(words_of, field.choices)), field.about]
    said += [
        f"{visible(name)} {visible(msgspec.json.encode(value).decode())}"
        for name, value in schema.items()
        if name not in _TOLD_ALREADY
    ]
    return ": ".join(filter(None, (field.label, "; ".join(filter(None, said)))))


def words_of(choice: str) -> str:
    """Return a choice as one reads it: text without its quotes."""
    value = msgspec.json.decode(choice)
    return visible(value if isinstance(value, str) else choice)


def value_of(fields: tuple[Field, ...], typed: Typed) -> Any:
    """Return the value that was filled in; raises BadInput that names the field."""
    if fields[0].whole:
        return _read(fields[0], str(typed.get(WHOLE, "")))
    return {
        field.name: _read(field, text)
        for field in fields
        if (text := str(typed.get(field.name, ""))).strip() or field.required
    }


def _shape(schema: Json) -> _Shape:
    try:
        return msgspec.convert(schema, _Shape)
    except msgspec.ValidationError:
        return _Shape()


def _field(name: str, shape: _Shape, *, required: bool) -> Field:
    about = visible(shape.description or shape.title)
    label = visible(name) + (" *" if required else "")
    plain = Field(name=name, label=label, about=about, required=required)
    choices = _choices(shape)
    if choices:
        return replace(plain, kind="choice", choices=choices, holds="json")
    if shape.type == "string":
        return replace(plain, kind="text" if shape.max_length > LONG_CHARS else "line")
    if shape.type in {"integer", "number"}:
        return replace(plain, label=f"{label} ({shape.type})", holds="json")
    return replace(plain, label=f"{label} (JSON)", kind="text", holds="json")


def _choices(shape: _Shape) -> tuple[str, ...]:
    """Return what may be chosen, as JSON; nobody says no to a yes-or-no by leaving it as it was."""
    if 0 < len(shape.enum) <= MOST_CHOICES:
        return tuple(msgspec.json.encode(one).decode() for one in shape.enum)
    return ("true", "false") if shape.type == "boolean" else ()


def _read(field: Field, text: str) -> Any:
    if field.holds == "words":
        return text
    if not text.strip():
        raise BadInput(f"{visible(field.name)} is empty")
    return read_json(text, field.name)
