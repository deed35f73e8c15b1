"""What a plan may hold, told to a model: in words for its prompt, and as the schema of its answer."""

from collections.abc import Iterable
from typing import Any, cast

from interlock.contracts import limits
from interlock.contracts.message import Json
from interlock.contracts.roles import RoleOffer

MOST_STEPS = 12
STEP_ID = {"type": "string", "pattern": "^[a-z][a-z0-9-]{0,23}$"}
LINE: Json = {"type": "string"}
LENGTHS = frozenset({"minLength", "maxLength", "pattern"})
ANY_INPUT: Json = {"type": "object"}


def described(offers: tuple[RoleOffer, ...]) -> str:
    """Return a Markdown list of the roles: what each is for, and the fields that its input takes."""
    return "\n".join(
        f"- `{offer.role}`: {offer.objective} Input: {_fields(offer.input_schema)}." for offer in offers
    )


def plan_schema(offers: tuple[RoleOffer, ...]) -> Json:
    """Return the JSON Schema of a plan: each step has a role that is present, and that role's input."""
    return {
        "type": "object",
        "properties": {
            "steps": {
                "type": "array",
                "items": {"anyOf": [_step_schema(offer) for offer in offers]},
                "minItems": 1,
                "maxItems": MOST_STEPS,
            },
            "criteria": {"type": "array", "items": LINE, "maxItems": limits.MAX_CRITERIA},
        },
        "required": ["steps", "criteria"],
    }


def _step_schema(offer: RoleOffer) -> Json:
    return {
        "type": "object",
        "properties": {
            "id": STEP_ID,
            "role": {"type": "string", "const": offer.role},
            "title": LINE,
            "input": _self_contained(offer.input_schema),
            "after": {"type": "array", "items": STEP_ID, "maxItems": limits.MAX_PLAN_STEPS},
        },
        "required": ["id", "role", "title", "input", "after"],
    }


def _self_contained(schema: Json) -> Json:
    """Return what a step's input must be; one with references of its own is left to the role to check."""
    if not schema or "$defs" in schema:
        return ANY_INPUT
    properties = {name: field for name, field in schema.get("properties", {}).items() if name != "v"}
    bounded: Json = _without_lengths(schema | {"properties": properties} if properties else schema)
    return bounded


def _without_lengths(node: Any) -> Any:
    """Leave out the bounds on lengths: guided decoding unrolls them, slowly, and the role checks them."""
    if isinstance(node, dict):
        fields = cast("Json", node).items()
        return {name: _without_lengths(field) for name, field in fields if name not in LENGTHS}
    if isinstance(node, list):
        return [_without_lengths(item) for item in cast("Iterable[Any]", node)]
    return node


def _fields(schema: Json) -> str:
    properties: Json = schema.get("properties", {})
    required = schema.get("required", [])
    named = [
        f"`{name}`" if name in required else f"`{name}` (optional)" for name in properties if name != "v"
    ]
    return ", ".join(named) or "an object"
