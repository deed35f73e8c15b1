"""Does an answer fit the JSON Schema asked for? Draft 2020-12; nothing is fetched for a reference."""

from functools import lru_cache
from typing import Any

import msgspec

from interlock.effects.errors import Unfit

_SHOWN_CHARS_MAX = 200


def check(answer: bytes, schema: dict[str, Any]) -> None:
    """Raise Unfit, which names the place, for an answer that is not JSON or does not fit; blocks."""
    try:
        value = msgspec.json.decode(answer)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unfit(
            f"the answer is not JSON: {error}; it begins {answer[:80].decode(errors='replace')!r}"
        ) from error
    place = _misfit(msgspec.json.encode(schema), value)
    if place:
        raise Unfit(f"the answer does not fit what was asked for: {place}")


def _misfit(schema: bytes, value: Any) -> str:
    from jsonschema import exceptions  # noqa: PLC0415 - needs 90 ms to load; many workers never validate
    from referencing.exceptions import Unresolvable  # noqa: PLC0415 - the same

    validator = _validator(schema)
    try:
        error = exceptions.best_match(validator.iter_errors(value))
    except Unresolvable as unknown:
        raise Unfit(f"the schema asked for refers to what it does not hold: {unknown}") from unknown
    except RecursionError as deep:
        raise Unfit("the answer or its schema is nested too deeply to be checked") from deep
    if error is None:
        return ""
    message = (
        error.message if len(error.message) <= _SHOWN_CHARS_MAX else f"{error.message[:_SHOWN_CHARS_MAX]}..."
    )
    return f"{error.json_path}: {message}"


@lru_cache(maxsize=64)
def _validator(schema: bytes) -> Any:
    from jsonschema import Draft202012Validator, SchemaError  # noqa: PLC0415 - as above
    from referencing import Registry  # noqa: PLC0415 - as above

    document = msgspec.json.decode(schema)
    try:
        Draft202012Validator.check_schema(document)
    except SchemaError as error:
        raise Unfit(
            f"what was asked for is no JSON Schema: {error.json_path}: {error.message[:200]}"
        ) from error
    return Draft202012Validator(document, registry=Registry())
