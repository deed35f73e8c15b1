"""Answers are held to the schema that was asked for."""

import asyncio

import pytest
from tests.effects.conftest import Provider, Reply

from interlock.contracts.message import Json
from interlock.effects.errors import Unfit
from interlock.effects.models.schema import check
from interlock.effects.models.structured import structure_of

STEPS: Json = {
    "type": "object",
    "properties": {"steps": {"type": "array", "items": {"$ref": "#/$defs/step"}}},
    "required": ["steps"],
    "$defs": {"step": {"type": "object", "properties": {"role": {"enum": ["researcher"]}}}},
}


def test_what_fits_passes() -> None:
    check(b'{"steps": [{"role": "researcher"}]}', STEPS)


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (b'{"steps": [{"role": "king"}]}', r"at \$\.steps\[0\]\.role: \"king\" is not one of"),
        (b"{}", r"at \$: \"steps\" is a required property"),
        (b'{"steps": [', "not JSON"),
        (b"", "not JSON"),
        (b"\xff", "not JSON"),
    ],
)
def test_what_does_not_fit_is_shown_with_its_place(answer: bytes, complaint: str) -> None:
    with pytest.raises(Unfit, match=complaint) as caught:
        check(answer, STEPS)
    assert not caught.value.transient


def test_a_schema_that_is_none_is_refused() -> None:
    with pytest.raises(Unfit, match="no JSON Schema"):
        check(b"{}", {"type": "thing"})


async def test_a_reference_to_elsewhere_is_never_fetched(provider: Provider) -> None:
    provider.will(Reply((b"{}",), headers=("content-type: application/json",)))
    with pytest.raises(Unfit, match=r"no JSON Schema: .*Retrieval is disabled"):
        await asyncio.to_thread(check, b"{}", {"$ref": f"{provider.url}/schema.json"})
    assert not provider.asked


def test_a_long_misfit_is_cut_short() -> None:
    with pytest.raises(Unfit) as caught:
        check(b'"' + b"x" * 100_000 + b'"', {"type": "integer"})
    assert len(str(caught.value)) < 2_000


def test_definitions_stay_at_the_root_of_a_wrapped_schema() -> None:
    structure = structure_of({"$ref": "#/$defs/list", "$defs": {"list": {"type": "array"}}})
    assert structure.wrapped
    assert structure.schema["$defs"] == {"list": {"type": "array"}}
    assert structure.schema["properties"]["value"] == {"$ref": "#/$defs/list"}


def test_only_a_closed_schema_is_asked_for_strictly() -> None:
    closed: Json = {
        "type": "object",
        "properties": {"a": {}},
        "required": ["a"],
        "additionalProperties": False,
    }
    assert structure_of(closed).strict
    assert not structure_of(closed | {"required": []}).strict
    assert not structure_of(closed | {"properties": {"a": {"type": "object"}}}).strict
