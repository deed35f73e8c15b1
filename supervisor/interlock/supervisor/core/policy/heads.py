"""The heads of policies: whom, which action and what they are about, and whether that can match a question.

A policy whose head cannot match need not be asked. Of conditions nothing is known here.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

Json = Mapping[str, Any]


class Asked(msgspec.Struct, frozen=True):
    """What heads look at: an agent in its role, an action with those it is a member of, a tool or model."""

    agent: str
    role: str
    action: str
    above: frozenset[str]
    kind: str
    name: str


def can_match(policy: Json, asked: Asked) -> bool:
    """Tell whether a policy's head matches a question."""
    return (
        _action(policy["action"], asked)
        and _entity(policy["principal"], "Agent", {("Agent", asked.agent), ("Role", asked.role)}, asked.agent)
        and _entity(policy["resource"], asked.kind, {(asked.kind, asked.name)}, asked.name)
    )


def reaches(policy: Json, action: str, kind: str) -> bool:
    """Tell whether a policy's head may match a question with this action, about a thing of this kind."""
    asked = Asked("", "", action, frozenset(), kind, "")
    resource = policy["resource"]
    of_kind = resource["op"] == "All" or resource.get("entity_type", kind) == kind
    kinds = {each for each, _ in named(policy, "resource")}
    return _action(policy["action"], asked) and of_kind and (not kinds or kind in kinds)


def is_of_one(policy: Json, action: str, kind: str) -> bool:
    """Tell whether a policy's head is about this one action, or things of this kind alone."""
    actions = {name for _, name in named(policy, "action")}
    kinds = {each for each, _ in named(policy, "resource")}
    return actions == {action} or (kinds or {policy["resource"].get("entity_type")}) == {kind}


def named(policy: Json, part: str) -> Iterator[tuple[str, str]]:
    """Yield the entities that a part of a head names, by type and id."""
    constraint: Json = policy[part]
    within: Json = constraint.get("in") or {}
    for each in (constraint, within):
        entities: list[Json] = [each["entity"]] if "entity" in each else each.get("entities", [])
        for entity in entities:
            yield entity["type"], entity["id"]


def _action(constraint: Json, asked: Asked) -> bool:
    if constraint["op"] == "All":
        return True
    actions = {name for _, name in named({"action": constraint}, "action")}
    if constraint["op"] == "==":
        return asked.action in actions
    return not actions.isdisjoint({asked.action, *asked.above})


def _entity(constraint: Json, kind: str, within: set[tuple[str, str]], name: str) -> bool:
    op = constraint["op"]
    if op == "All":
        return True
    if op == "is" and constraint["entity_type"] != kind:
        return False
    entities = set(named({"part": constraint}, "part"))
    if op == "==":
        return entities == {(kind, name)}
    return not entities or not entities.isdisjoint(within)
