"""Does an answer fit the JSON Schema asked for? It knows neither who asked nor for what."""

from typing import Any

import msgspec

from interlock.contracts.shapes import misfit, schema_objection
from interlock.effects.errors import Unfit

_ANSWER_CHARS_MAX = 600


def check(answer: bytes, schema: dict[str, Any]) -> None:
    """Raise Unfit, which names the place, for an answer that is not JSON or does not fit; blocks."""
    shown = answer[:_ANSWER_CHARS_MAX].decode(errors="replace")
    try:
        value = msgspec.json.decode(answer)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unfit(f"the answer is not JSON: {error}. It was: {shown}") from error
    objection = schema_objection(schema)
    if objection:
        raise Unfit(f"what was asked for cannot be checked: {objection}")
    place = misfit(schema, value)
    if place:
        raise Unfit(f"the answer does not fit {place}. It was: {shown}")
