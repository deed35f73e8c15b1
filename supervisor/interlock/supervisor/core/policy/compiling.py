"""Compiles a bundle of policies, or says for people what is wrong with it, and where.

What a compiled bundle answers, it does not know.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import msgspec

from interlock.contracts.message import line
from interlock.contracts.policy import Policies
from interlock.contracts.presence import Risk
from interlock.supervisor.core.policy.cedar import Schema, known_actions, misfits, read_policies, read_schema
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
    """What a bundle is made of: policies by id, the schema, actions with those they are in."""

    policies: dict[str, Policy]
    schema: Schema
    actions: dict[str, frozenset[str]]


def compile_policies(bundle: Policies) -> Parts | tuple[str, ...]:
    """Compile a bundle; a tuple holds the reasons why it will not do, each with its place."""
    reasons = list(wrong_routes(bundle))
    schema = _schema(bundle)
    if isinstance(schema, str):
        return told([schema, *reasons])
    actions = known_actions(schema)
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
        return told(reasons)
    return Parts(policies=found, schema=schema, actions=actions)


def told(reasons: list[str]) -> tuple[str, ...]:
    """Return so many reasons as are told."""
    more = len(reasons) - MOST_REASONS
    kept = reasons[:MOST_REASONS] + ([f"and {more} more"] if more > 0 else [])
    return tuple(line(reason) for reason in kept)


def _schema(bundle: Policies) -> Schema | str:
    names = ", ".join(file.name for file in bundle.schemas)
    if not names:
        return "there is no schema (*.cedarschema): Interlock brings interlock.cedarschema"
    text = "\n".join(file.text for file in bundle.schemas)
    try:
        return read_schema(text)
    except ValueError as error:
        return f"{_guilty(bundle) or names}: {error}"


def _guilty(bundle: Policies) -> str:
    """Return the first schema that cannot be read behind those before it; empty: all can."""
    for end in range(1, len(bundle.schemas) + 1):
        try:
            read_schema("\n".join(file.text for file in bundle.schemas[:end]))
        except ValueError:
            return bundle.schemas[end - 1].name
    return ""


def _wrong_actions(actions: Mapping[str, frozenset[str]]) -> Iterator[str]:
    missing = [name for name in BASE if name not in actions]
    if missing:
        yield f"the schema lacks the action {', '.join(missing)}: keep what interlock.cedarschema declares"
    for name, above in sorted(actions.items()):
        if name not in BASE and len(above.intersection(RISKS)) != 1:
            classes = ", ".join(RISKS)
            yield f"the schema's action {name} is in no risk class: say that it is in one of {classes}"


def _policy(statement: Statement) -> Policy | str:
    try:
        read = read_policies(statement.text)
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


def _invalid(policies: list[Policy], schema: Schema) -> Iterator[str]:
    """Yield what does not fit the schema; each policy is looked at alone only when one of them does not."""
    if not misfits("\n".join(policy.text for policy in policies), schema):
        return
    for policy in policies:
        wrong = misfits(policy.text, schema)
        if wrong:
            yield f"{policy.place}: {wrong[0].removeprefix('for policy `policy0`, ')}"


def names_one(parts: Parts, part: Literal["principal", "resource"], kind: str) -> frozenset[str]:
    """Return the names of that kind that the heads of policies single out."""
    return frozenset(
        name for policy in parts.policies.values() for each, name in named(policy.body, part) if each == kind
    )
