"""Whether a value has the shape that a JSON Schema (draft 2020-12) asks for; says where it has not.

Compiled schemas are kept. Nothing is fetched: a schema that refers to elsewhere is none. It does not know
what the value is, or what becomes of it.
"""

from functools import lru_cache
from typing import Any

import jsonschema_rs
import msgspec

from interlock.contracts.message import Json

MOST_COMPILED = 256
MOST_BACKTRACKS = 100_000
MOST_ERROR_CHARS = 300

_canonical = msgspec.json.Encoder(order="deterministic").encode
_PATTERNS = jsonschema_rs.FancyRegexOptions(backtrack_limit=MOST_BACKTRACKS)


def schema_objection(schema: Json) -> str:
    """Return what is wrong with a schema, as a sentence; empty: nothing."""
    try:
        _compiled(_canonical(schema))
    except (ValueError, TypeError, RecursionError) as error:
        return f"it is no JSON Schema: {_cut(str(error))}"
    return ""


def misfit(schema: Json, value: Any) -> str:
    """Return where a value does not have the shape, and what is wrong there; empty: it has.

    By a schema that is none, nothing can be judged.
    """
    if not schema or schema_objection(schema):
        return ""
    try:
        error = next(iter(_compiled(_canonical(schema)).iter_errors(value)), None)
    except (ValueError, RecursionError):
        return "at $: it is nested too deeply to be judged"
    if error is None:
        return ""
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.instance_path)
    return f"at ${place}: {_cut(error.message)}"


@lru_cache(maxsize=MOST_COMPILED)
def _compiled(schema: bytes) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(
        msgspec.json.decode(schema), offline=True, pattern_options=_PATTERNS
    )


def _cut(text: str) -> str:
    return text if len(text) <= MOST_ERROR_CHARS else f"{text[:MOST_ERROR_CHARS]}…"
