"""The answer to a form, checked against its JSON Schema before it is said: nothing is fetched for that."""

from functools import lru_cache
from typing import Any

import jsonschema_rs
import msgspec

from interlock.console.errors import BadInput
from interlock.console.people.asked import Asked
from interlock.console.people.visible import visible
from interlock.contracts.approval import canonical
from interlock.contracts.message import Json
from interlock.contracts.people import Answer

MOST_CHARS = 300
MOST_BACKTRACKS = 100_000
_PATTERNS = jsonschema_rs.FancyRegexOptions(backtrack_limit=MOST_BACKTRACKS)


def answer_of(asked: Asked, text: str | None, value: Any = msgspec.UNSET) -> Answer:
    """Return the answer to say; raises BadInput when it does not fit the form."""
    form = asked.said.form
    if value is msgspec.UNSET and text is not None and form.get("type") == "string":
        value, text = text, None
    if value is msgspec.UNSET:
        if form:
            raise BadInput(f"{asked.number} has a form: answer it with --value JSON, or in interlock inbox")
        return Answer(text=text or "")
    if form and (objection := objection_to(form, value)):
        raise BadInput(f"{asked.number}: the answer does not fit the form: {objection}")
    return Answer(text=text or "", value=msgspec.Raw(msgspec.json.encode(value)))


def objection_to(form: Json, value: Any) -> str:
    """Return in one line why a value does not fit a form, and where; empty when it does."""
    try:
        error = next(iter(_compiled(canonical(form)).iter_errors(value)), None)
    except (ValueError, TypeError, RecursionError) as failure:
        return _short(f"the form is no JSON Schema: {failure}")
    if error is None:
        return ""
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.instance_path)
    return _short(f"{error.message} (at ${place})")


@lru_cache(maxsize=64)
def _compiled(form: bytes) -> jsonschema_rs.Draft202012Validator:
    schema = msgspec.json.decode(form)
    return jsonschema_rs.Draft202012Validator(schema, offline=True, pattern_options=_PATTERNS)


def _short(text: str) -> str:
    text = visible(" ".join(text.split()))
    return text if len(text) <= MOST_CHARS else f"{text[: MOST_CHARS - 1]}…"
