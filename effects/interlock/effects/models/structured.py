"""The schema of an answer as providers take it: an object at the root, strict where it can be."""

import re
from typing import Any

import msgspec

from interlock.contracts.message import Json
from interlock.effects.nodes import as_list, as_object

_WRAP = "value"
_FENCE = re.compile(r"\s*```[a-zA-Z]*\s*\n(.*?)\n?\s*```\s*", re.DOTALL)
_THOUGHT = re.compile(r"\s*<think>.*?</think>", re.DOTALL)


class Structure(msgspec.Struct, frozen=True):
    """What is asked for: `schema` for the provider, `wrapped` when the answer stands in a field of it."""

    schema: Json
    wrapped: bool

    @property
    def strict(self) -> bool:
        """Whether each object names all its fields, requires them and allows no others."""
        return _is_strict(self.schema)


def structure_of(returns: Json) -> Structure:
    """Return the structure for a JSON Schema; one whose root is no object is put into the field of one."""
    if returns.get("type") == "object":
        return Structure(returns, wrapped=False)
    inner = {key: value for key, value in returns.items() if key != "$defs"}
    schema: Json = {
        "type": "object",
        "properties": {_WRAP: inner},
        "required": [_WRAP],
        "additionalProperties": False,
    }
    return Structure(schema | ({"$defs": returns["$defs"]} if "$defs" in returns else {}), wrapped=True)


def json_in(text: str, structure: Structure | None) -> bytes:
    """Return the JSON that a model's answer holds; without a structure, the text itself as JSON.

    Thoughts before it and a Markdown fence around it are left out. What is no JSON is returned as it is.
    """
    if structure is None:
        return msgspec.json.encode(text)
    spoken = _THOUGHT.sub("", text, count=1)
    fenced = _FENCE.fullmatch(spoken)
    data = (fenced[1] if fenced else spoken).strip().encode()
    if not structure.wrapped:
        return data
    try:
        return msgspec.json.encode(msgspec.json.decode(data, type=dict[str, Any])[_WRAP])
    except (msgspec.DecodeError, KeyError):
        return data


def _is_strict(node: Any) -> bool:
    fields = as_object(node)
    if fields.get("type") == "object":
        closed = fields.get("additionalProperties") is False
        if not closed or set(as_list(fields.get("required"))) != set(as_object(fields.get("properties"))):
            return False
    return all(_is_strict(part) for part in (*as_list(node), *fields.values()))
