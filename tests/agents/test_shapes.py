"""A type's schema has an object at its root, and refers only to what it holds."""

from __future__ import annotations

import msgspec
import pytest

from interlock.agents.errors import Unfit
from interlock.agents.shapes import rooted, shape_of


class Leaf(msgspec.Struct):
    name: str


class Tree(msgspec.Struct):
    leaf: Leaf
    branches: list[Tree] = []


def test_the_root_is_an_object_and_what_it_needs_stays() -> None:
    schema = shape_of(Tree).schema
    assert schema["type"] == "object"
    assert set(schema["$defs"]) == {"Tree", "Leaf"}


def test_a_definition_that_nobody_refers_to_goes() -> None:
    assert "$defs" not in shape_of(Leaf).schema


def test_a_schema_without_a_reference_stays_as_it_is() -> None:
    assert rooted({"type": "string"}) == {"type": "string"}


def test_a_type_is_read_once() -> None:
    assert shape_of(Leaf) is shape_of(Leaf)


@pytest.mark.parametrize("data", [b"", b"{", b"\xff", b"[" * 3_000, b'{"name": 1}'])
def test_data_that_does_not_fit_is_unfit_whatever_it_is(data: bytes) -> None:
    with pytest.raises(Unfit):
        shape_of(Tree).from_json(data)
