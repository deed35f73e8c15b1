"""Cedar, as far as it is used here: the library's calls, with types that say what goes in and out.

What policies are about it must not know.
"""

import json
from collections.abc import Sequence
from typing import Any, TypeAlias

import cedarpy
import msgspec

from interlock.contracts.message import Json

Schema = cedarpy.Schema
Handle = cedarpy.PolicySet
Entities = cedarpy.Entities
Errors: TypeAlias = tuple[str, ...]


class Outcome(msgspec.Struct, frozen=True):
    """What Cedar says of a request: `asked` is whether it could be asked at all."""

    asked: bool
    allowed: bool
    reasons: tuple[str, ...]
    errors: Errors


def authorize(request: Json, policies: Handle, entities: Entities, schema: Schema | None = None) -> Outcome:
    """Ask; with a schema the request is held to it."""
    result = cedarpy.is_authorized(  # pyright: ignore[reportUnknownMemberType] - its dicts are of anything
        request, policies, entities, schema
    )
    said = result.diagnostics
    reasons: list[str] = said.reasons
    errors: list[str] = said.errors
    asked = result.decision is not cedarpy.Decision.NoDecision
    return Outcome(asked, result.allowed, tuple(sorted(reasons)), tuple(errors))


def read_schema(text: str) -> Schema:
    """Read a schema; raises ValueError with Cedar's sentence."""
    return Schema.from_str(text)


def read_policies(text: str) -> Json:
    """Read policies as Cedar's JSON; raises ValueError with Cedar's sentence."""
    document: Json = json.loads(cedarpy.policies_to_json_str(text))
    return document


def handle_of(policies: Json) -> Handle:
    """Return what can be asked, of policies in Cedar's JSON by id."""
    document: Json = {"templates": {}, "staticPolicies": policies, "templateLinks": []}
    return Handle.from_json_str(json.dumps(document))


def entities_of(entities: Sequence[Json], schema: Schema) -> Entities:
    """Return entities, and with them the schema's actions."""
    return Entities.from_json_str(  # pyright: ignore[reportUnknownMemberType] - its dicts are of anything
        json.dumps(entities), schema
    )


def known_actions(schema: Schema) -> dict[str, frozenset[str]]:
    """Return the actions that a schema declares, each with all those that it is a member of."""
    found: list[dict[str, Any]] = json.loads(str(entities_of((), schema)))
    return {
        each["uid"]["id"]: frozenset(parent["id"] for parent in each["parents"])
        for each in found
        if each["uid"]["type"] == "Action"
    }


def misfits(text: str, schema: Schema) -> Errors:
    """Return what of these policies does not fit a schema."""
    result = cedarpy.validate_policies(  # pyright: ignore[reportUnknownMemberType] - its dicts are of anything
        text, schema
    )
    return tuple(error.error for error in result.errors)
