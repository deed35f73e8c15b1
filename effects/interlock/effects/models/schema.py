"""Does an answer fit the JSON Schema asked for? Draft 2020-12; nothing is fetched for a reference."""

from functools import lru_cache
from importlib import import_module
from typing import Any

import msgspec

from interlock.effects.errors import Unfit

_SHOWN_CHARS_MAX = 200
_ANSWER_CHARS_MAX = 600


def check(answer: bytes, schema: dict[str, Any]) -> None:
    """Raise Unfit, which names the place, for an answer that is not JSON or does not fit; blocks."""
    shown = answer[:_ANSWER_CHARS_MAX].decode(errors="replace")
    try:
        value = msgspec.json.decode(answer)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unfit(f"the answer is not JSON: {error}. It was: {shown}") from error
    place = _misfit(msgspec.json.encode(schema), value)
    if place:
        raise Unfit(f"the answer does not fit: {place}. It was: {shown}")


def _misfit(schema: bytes, value: Any) -> str:
    try:
        error = import_module("jsonschema").exceptions.best_match(_validator(schema).iter_errors(value))
    except import_module("referencing").exceptions.Unresolvable as unknown:
        raise Unfit(f"the schema asked for refers to what it does not hold: {unknown}") from unknown
    except RecursionError as deep:
        raise Unfit("the answer or its schema is nested too deeply to be checked") from deep
    if error is None:
        return ""
    message = str(error.message)
    cut = message if len(message) <= _SHOWN_CHARS_MAX else f"{message[:_SHOWN_CHARS_MAX]}..."
    return f"{error.json_path}: {cut}"


@lru_cache(maxsize=64)
def _validator(schema: bytes) -> Any:
    """Make a validator; jsonschema needs 90 ms to load, and workers that never validate do not load it."""
    jsonschema = import_module("jsonschema")
    document = msgspec.json.decode(schema)
    kind = jsonschema.Draft202012Validator
    try:
        kind.check_schema(document)
    except jsonschema.SchemaError as error:
        raise Unfit(
            f"what was asked for is no JSON Schema: {error.json_path}: {error.message[:200]}"
        ) from error
    return kind(document, registry=import_module("referencing").Registry())
