"""The answer to a form, checked against its JSON Schema before it is said, as the supervisor checks it."""

from typing import Any

import msgspec

from interlock.console.errors import BadInput
from interlock.console.people.asked import Asked
from interlock.console.people.visible import visible
from interlock.contracts.message import Json
from interlock.contracts.people import Answer
from interlock.contracts.shapes import misfit, schema_objection


def answer_of(asked: Asked, text: str | None, value: Any = msgspec.UNSET) -> Answer:
    """Return the answer to say; raises BadInput when it does not fit the form."""
    form = asked.said.form
    if value is msgspec.UNSET and text is not None and form.get("type") == "string":
        value, text = text, None
    if value is msgspec.UNSET:
        if form:
            raise BadInput(f"{asked.number} has a form: answer it with --value JSON, or in interlock inbox")
        return Answer(text=text or "")
    if objection := objection_to(form, value):
        raise BadInput(f"{asked.number}: the answer does not fit the form: {objection}")
    return Answer(text=text or "", value=msgspec.Raw(msgspec.json.encode(value)))


def objection_to(form: Json, value: Any) -> str:
    """Return in one line why a value does not fit a form, and where; empty when it does."""
    return visible(" ".join((schema_objection(form) or misfit(form, value)).split()))
