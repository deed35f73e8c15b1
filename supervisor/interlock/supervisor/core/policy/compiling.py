"""Compiles a bundle of policies, or says for people what is wrong with it, and where.

What a compiled bundle answers, it does not know.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Literal

import cedarpy
import msgspec

from interlock.contracts.message import line
from interlock.contracts.policy import Policies
from interlock.contracts.presence import Risk
from interlock.supervisor.core.policy.heads import named
from interlock.supervisor.core.policy.obligations import Obligations, read_obligations
from interlock.supervisor.core.policy.paths import Path, looked_at
from interlock.supervisor.core.policy.routes import wrong_routes
from interlock.supervisor.core.policy.statements import Statement, statements

RISKS: tuple[Risk, ...] = ("read", "write", "irreversible")
MODEL = "model"
BASE = (*RISKS, MODEL)
MOST_POLICIES = 2_000
MOST_REASONS = 50

_Effect = Literal["permit", "forbid"]


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """One policy: `body` is Cedar's JSON of it, `looks_at` what its conditions name of the context."""

    id: str
    place: str
    effect: _Effect
    body: Mapping[str, Any]
    text: str
    obligations: Obligations
    looks_at: frozenset[Path] = frozenset()

    @property
    def conditional(self) -> bool:
        """Whether it applies only under conditions."""
        return bool(self.body["conditions"])


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """What a bundle is made of: policies by id, the schema, and actions with those that they are members of."""

    policies: dict[str, Policy]
    schema: cedarpy.Schema
    actions: dict[str, frozenset[str]]


def compile_policies(bundle: Policies) -> Parts | tuple[str, ...]:
    """Compile a bundle; a tuple holds the reasons why it will not do, each with its place."""
    reasons = list(wrong_routes(bundle))
    schema = _schema(bundle)
    if isinstance(schema, str):
        return _told([schema, *reasons])
    actions = _actions(schema)
    reasons.extend(_wrong_actions(actions))
    found: dict[str, Policy] = {}
    for file in bundle.policies:
        for statement in statements(file.name, file.text):
            policy = _policy(statement)
            if isinstance(policy, str):
                reasons.append(policy)
            elif policy.id in found:
                first = found[policy.id].place
                reasons.append(
                    f"{policy.place}: the id {policy.id!r} stands at {first} already: ids are unique"
                )
            else:
                found[policy.id] = policy
    if len(found) > MOST_POLICIES:
        reasons.append(f"there are {len(found)} policies; at most {MOST_POLICIES} are read")
    reasons.extend(_invalid(list(found.values()), schema))
    if reasons:
        return _told(reasons)
    return Parts(policies=found, schema=schema, actions=actions)


def _told(reasons: list[str]) -> tuple[str, ...]:
    more = len(reasons) - MOST_REASONS
    kept = reasons[:MOST_REASONS] + ([f"and {more} more"] if more > 0 else [])
    return tuple(line(reason) for reason in kept)


def _schema(bundle: Policies) -> cedarpy.Schema | str:
    names = ", ".join(file.name for file in bundle.schemas)
    if not names:
        return "there is no schema (*.cedarschema): Interlock brings interlock.cedarschema"
    text = "\n".join(file.text for file in bundle.schemas)
    try:
        return cedarpy.Schema.from_str(text)
    except ValueError as error:
        return f"{_guilty(bundle) or names}: {error}"


def _guilty(bundle: Policies) -> str:
    """Return the first schema with which those before it can no longer be read; empty: it is not one alone."""
    for end in range(1, len(bundle.schemas) + 1):
        try:
            cedarpy.Schema.from_str("\n".join(file.text for file in bundle.schemas[:end]))
        except ValueError:
            return bundle.schemas[end - 1].name
    return ""


def _actions(schema: cedarpy.Schema) -> dict[str, frozenset[str]]:
    known: list[dict[str, Any]] = json.loads(str(cedarpy.Entities.from_json_str("[]", schema)))
    return {
        each["uid"]["id"]: frozenset(parent["id"] for parent in each["parents"])
        for each in known
        if each["uid"]["type"] == "Action"
    }


def _wrong_actions(actions: Mapping[str, frozenset[str]]) -> Iterator[str]:
    missing = [name for name in BASE if name not in actions]
    if missing:
        yield f"the schema lacks the action {', '.join(missing)}: keep what interlock.cedarschema declares"
    for name, above in sorted(actions.items()):
        if name not in BASE and len(above.intersection(RISKS)) != 1:
            yield f"the schema's action {name} is in no risk class: say `action {name} in [{'|'.join(RISKS)}]`"


def _policy(statement: Statement) -> Policy | str:
    try:
        read = json.loads(cedarpy.policies_to_json_str(statement.text))
    except ValueError as error:
        return f"{statement.place}: {error}"
    if read["templates"]:
        return f"{statement.place}: templates are never linked here: name whom it is about instead of a slot"
    (body,) = read["staticPolicies"].values()
    said: dict[str, str | None] = body.get("annotations") or {}
    obligations = read_obligations(body["effect"], said)
    if isinstance(obligations, str):
        return f"{statement.place}: {obligations}"
    return Policy(
        id=said.get("id") or statement.place,
        place=statement.place,
        effect=body["effect"],
        body=body,
        text=statement.text,
        obligations=obligations,
        looks_at=looked_at(body["conditions"]),
    )


def _invalid(policies: list[Policy], schema: cedarpy.Schema) -> Iterator[str]:
    """Yield what does not fit the schema; each policy is looked at alone only when one of them does not."""
    if cedarpy.validate_policies("\n".join(policy.text for policy in policies), schema):
        return
    for policy in policies:
        wrong = cedarpy.validate_policies(policy.text, schema)
        if not wrong:
            sentence = wrong.errors[0].error.removeprefix("for policy `policy0`, ")
            yield f"{policy.place}: {sentence}"


def names_one(parts: Parts, part: Literal["principal", "resource"], kind: str) -> frozenset[str]:
    """Return the names of that kind that the heads of policies single out."""
    return frozenset(
        name for policy in parts.policies.values() for each, name in named(policy.body, part) if each == kind
    )
