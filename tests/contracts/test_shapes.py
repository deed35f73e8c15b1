"""Values are held to JSON Schemas, and whatever cannot be judged is said, not raised."""

from typing import Any

import pytest

from interlock.contracts.message import Json
from interlock.contracts.shapes import misfit, schema_objection

STEPS: Json = {
    "type": "object",
    "properties": {"steps": {"type": "array", "items": {"$ref": "#/$defs/step"}}},
    "required": ["steps"],
    "$defs": {"step": {"type": "object", "properties": {"role": {"enum": ["researcher"]}}}},
}


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "objection"),
    [
        ({"steps": [{"role": "researcher"}]}, ""),
        ({"steps": [{"role": "king"}]}, 'at $.steps[0].role: "king" is not one of'),
        ({}, 'at $: "steps" is a required property'),
        (nested(200), "at $: [[["),
        # When a value is nested deeper than its judge goes
        (nested(500), "at $: it is nested too deeply to be judged"),
    ],
)
def test_what_does_not_fit_is_told_with_its_place(value: Any, objection: str) -> None:
    said = misfit(STEPS, value)
    assert said.startswith(objection)
    assert bool(said) == bool(objection)


@pytest.mark.parametrize("schema", [{"type": "thing"}, {"$ref": "http://127.0.0.1:9/schema.json"}])
def test_by_what_is_no_schema_nothing_is_judged(schema: Json) -> None:
    assert schema_objection(schema).startswith("it is no JSON Schema: ")
    assert not misfit(schema, 1)
