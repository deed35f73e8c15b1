"""The schemas for other languages: generated, current, and true of what we really send."""

import json
import re
from pathlib import Path
from typing import Any, get_args

import jsonschema
import msgspec
import pytest
from tests.contracts.examples import EXAMPLES, FACTS

from interlock.contracts import facts
from interlock.contracts.asyncapi import asyncapi
from interlock.contracts.inputs import INPUT_KINDS
from interlock.contracts.message import Json, encode
from interlock.contracts.schemas import DIALECT, documents, main, message_types, schema_of

HERE = Path(__file__).parent
COMMITTED = HERE.parents[1] / "contracts" / "schemas"


def names() -> list[str]:
    return sorted(message_types())


def test_the_committed_schemas_are_the_generated_ones() -> None:
    committed = {path.name: path.read_bytes() for path in COMMITTED.iterdir()}
    assert committed == documents(), "run `make schemas` and commit what it writes"


def test_every_message_has_an_example_and_every_fact_too() -> None:
    assert sorted(EXAMPLES) == names()
    assert {type(fact) for fact in FACTS} == set(get_args(facts.AnyFact))


@pytest.mark.parametrize("name", names())
def test_what_we_send_fits_its_schema(name: str) -> None:
    schema: Json = json.loads((COMMITTED / f"{name}.json").read_bytes())
    for message in EXAMPLES[name]:
        jsonschema.validate(json.loads(encode(message)), schema)
        assert msgspec.json.decode(encode(message), type=message_types()[name]) == message


@pytest.mark.parametrize("name", names())
def test_each_schema_is_one_and_refuses_what_is_no_object(name: str) -> None:
    schema = schema_of(message_types()[name])
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == DIALECT
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(["not", "an", "object"], schema)


def test_a_value_of_anothers_making_may_be_anything() -> None:
    assert schema_of(message_types()["in.agent.result"])["properties"]["value"] == {}


def test_each_fact_of_a_decision_is_told_apart_by_its_name() -> None:
    offered = schema_of(message_types()["decision"])["properties"]["facts"]["items"]["discriminator"][
        "mapping"
    ]
    assert len(offered) == len(FACTS)
    assert offered["step_assigned"] == "#/$defs/StepAssigned"


def test_asyncapi_fits_its_own_schema() -> None:
    meta: Json = json.loads((HERE / "asyncapi-3.0.0.json").read_bytes())
    jsonschema.validate(asyncapi(), meta)
    # And that schema would notice: every operation names its channel
    broken = asyncapi()
    del broken["operations"]["send.decision"]["channel"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(broken, meta)


def test_asyncapi_refers_to_nothing_that_is_not_there() -> None:
    document = asyncapi()
    for reference in re.findall(r'"\$ref":"([^"]+)"', encode(document).decode()):
        if reference.startswith("#/"):
            node: Any = document
            for word in reference.removeprefix("#/").split("/"):
                node = node[word]
        else:
            assert (COMMITTED / reference).is_file(), reference


def test_asyncapi_has_a_channel_for_every_input() -> None:
    addresses = {channel["address"] for channel in asyncapi()["channels"].values()}
    for kind, verb in INPUT_KINDS:
        assert any(address.startswith(f"interlock.in.{{principal}}.{kind}.{verb}") for address in addresses)
    assert "interlock.in.{principal}.control.raise.task.{task}" in addresses
    assert "interlock.do.{agent}" in addresses


def test_writing_is_repeatable_and_clears_away_what_is_no_message_any_more(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # Given a folder with a schema of a message that no longer exists
    (tmp_path / "in.task.forgotten.json").write_text("{}")
    # When the schemas are written twice
    assert (main([str(tmp_path)]), main([str(tmp_path)])) == (0, 0)
    # Then they stand there, and the second time changed nothing
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == documents()
    assert capsys.readouterr().out.splitlines()[1] == "0 files changed"


@pytest.mark.parametrize("arguments", [[], ["a", "b"], ["--help"]])
def test_a_wrong_call_is_answered_by_the_usage(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    assert capsys.readouterr().err.startswith("usage: ")


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    assert main([str(tmp_path / "file")]) == 1
    assert "cannot be written" in capsys.readouterr().err
