"""Compiled policies that answer questions: which of them determine what may be done.

One question is asked once: forbid wins, all permits that apply determine together, any error denies. Policies
whose heads cannot match are left out beforehand. What it remembers changes no answer. What follows from the
policies that determine, it does not know.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from functools import cached_property, lru_cache
from typing import Any, TypeVar

import msgspec

from interlock.contracts.message import Json
from interlock.contracts.presence import Risk
from interlock.supervisor.core.policy.cedar import Entities, Handle, authorize, entities_of, handle_of
from interlock.supervisor.core.policy.compiling import BASE, MODEL, RISKS, Parts, Policy, names_one
from interlock.supervisor.core.policy.heads import Asked, can_match, is_of_one, reaches
from interlock.supervisor.core.policy.paths import WHOLE, Path
from interlock.supervisor.core.policy.question import Question, Run
from interlock.supervisor.core.policy.shapes import Shape, Unfit, as_cedar, shape_of, witness, written

REMEMBERED = 4_096
LONGEST_REMEMBERED = 1_024
RUN = Run.__struct_fields__

V = TypeVar("V")
_encode = msgspec.json.Encoder().encode


class Answer(msgspec.Struct, frozen=True):
    """What came of it: the policies that determine it, or the error for which it is denied."""

    allowed: bool
    policies: tuple[Policy, ...] = ()
    error: str = ""


class Slice(msgspec.Struct, frozen=True):
    """The policies whose heads match, and what their conditions look at: parts of the run, and arguments."""

    handle: Handle
    run: tuple[str, ...]
    arguments: tuple[str, ...] | None


class Prepared(msgspec.Struct, frozen=True, eq=False):
    """All that is the same whenever this agent asks for this: everything but the context."""

    asked: Asked
    slice: Slice
    entities: Entities
    request: Json
    declared: bool


class Compiled:
    """Policies of one version."""

    def __init__(self, digest: str, parts: Parts) -> None:
        self.digest = digest
        self._parts = parts
        self._agents = names_one(parts, "principal", "Agent")
        self._things = {kind: names_one(parts, "resource", kind) for kind in ("Tool", "Model")}
        self._prepared = _remembering(self._prepare)
        self._slice = _remembering(self._make_slice)
        self._handle = _remembering(self._make_handle)
        self._fits = _remembering(self._try_shape)
        self._answers: OrderedDict[Hashable, Answer] = OrderedDict()

    @property
    def policies(self) -> tuple[Policy, ...]:
        """All of them, in the order of their files."""
        return tuple(self._parts.policies.values())

    @cached_property
    def asks_of_models(self) -> bool:
        """Whether any of them may want people for the use of a model."""
        return any(
            policy.obligations.need is not None and reaches(policy.body, MODEL, "Model")
            for policy in self._parts.policies.values()
        )

    @property
    def unheeded(self) -> Iterator[str]:
        """What policies about models alone ask for that nobody does with models, each with its place."""
        for policy in self.policies:
            if policy.obligations.of_tools and is_of_one(policy.body, MODEL, "Model"):
                names = ", ".join(f"@{name}" for name in policy.obligations.of_tools)
                yield f"{policy.place}: nobody obeys {names} of a model: it is for tools, so leave it out"

    def declares(self, tool: str) -> bool:
        """Tell whether policies may look at a tool's arguments."""
        return tool not in BASE and tool in self._parts.actions

    def answer(self, question: Question) -> Answer:
        """Answer a question."""
        prepared = self._prepared(
            question.agent,
            question.role,
            question.version,
            question.tenant,
            question.user,
            question.name,
            question.risk,
            question.data_class,
            question.region,
        )
        if prepared.declared:
            wrong = self._misfit(question, prepared.asked)
            if wrong:
                return Answer(allowed=False, error=wrong)
        context = _context(prepared, question)
        key = (prepared, context)
        known = self._answers.get(key)
        if known is None:
            known = self._evaluate(prepared, context)
            if len(context) <= LONGEST_REMEMBERED:
                self._answers[key] = known
                if len(self._answers) > REMEMBERED:
                    self._answers.popitem(last=False)
        return known

    def could_ever(self, agent: str, role: str, kind: str, name: str, risk: str = "") -> bool:
        """Tell whether some question about this could be answered with yes; an empty risk is any."""
        if kind == "Model":
            actions = [MODEL]
        elif self.declares(name):
            actions = [name]
        else:
            actions = [risk] if risk else list(RISKS)
        return any(self._grantable(self._make_asked(agent, role, action, kind, name)) for action in actions)

    def _grantable(self, asked: Asked) -> bool:
        heads = [policy for policy in self._parts.policies.values() if can_match(policy.body, asked)]
        never = any(policy.effect == "forbid" and not policy.conditional for policy in heads)
        return not never and any(policy.effect == "permit" for policy in heads)

    def _prepare(  # noqa: PLR0913, PLR0917 - what a question names, but for its context
        self,
        agent: str,
        role: str,
        version: str,
        tenant: str,
        user: str,
        name: str,
        risk: Risk | None,
        data_class: str,
        region: str,
    ) -> Prepared:
        kind, declared = ("Model", False) if risk is None else ("Tool", self.declares(name))
        action = name if declared else risk or MODEL
        heads = self._make_asked(
            agent if agent in self._agents else "",
            role,
            action,
            kind,
            name if name in self._things[kind] else "",
        )
        entities: list[Json] = [
            {
                "uid": {"type": "Agent", "id": agent},
                "attrs": {"role": role, "version": version, "tenant": tenant, "user": user},
                "parents": [{"type": "Role", "id": role}],
            },
            {
                "uid": {"type": kind, "id": name},
                "attrs": {"data_class": data_class, "region": region},
                "parents": [],
            },
        ]
        return Prepared(
            asked=heads,
            slice=self._slice(heads),
            entities=entities_of(entities, self._parts.schema),
            request=_request(agent, action, kind, name),
            declared=declared,
        )

    def _misfit(self, question: Question, asked: Asked) -> str:
        """Return why a question about a declared tool cannot be asked; empty: it can."""
        if question.risk not in asked.above:
            declared = ", ".join(sorted(asked.above))
            return (
                f"the schema declares {question.name} as {declared}, its worker offers it as {question.risk}"
            )
        try:
            shape = shape_of(question.arguments)
        except Unfit as unfit:
            return str(unfit)
        if self._fits(asked.action, shape):
            return ""
        return f"the arguments of {question.name} are not those that the schema declares: {written(shape)}"

    def _try_shape(self, action: str, shape: Shape) -> bool:
        context = _encode({"arguments": witness(shape), "run": Run(autonomy=1)}).decode()
        request, schema = _request("x", action, "Tool", "x") | {"context": context}, self._parts.schema
        return authorize(request, handle_of({}), entities_of((), schema), schema).asked

    def _evaluate(self, prepared: Prepared, context: str) -> Answer:
        result = authorize(prepared.request | {"context": context}, prepared.slice.handle, prepared.entities)
        if result.errors:
            return Answer(allowed=False, error=result.errors[0])
        determining = tuple(self._parts.policies[name] for name in result.reasons)
        return Answer(allowed=result.allowed, policies=determining)

    def _make_asked(self, agent: str, role: str, action: str, kind: str, name: str) -> Asked:
        return Asked(agent, role, action, self._parts.actions.get(action, frozenset()), kind, name)

    def _make_slice(self, asked: Asked) -> Slice:
        chosen = [policy for policy in self._parts.policies.values() if can_match(policy.body, asked)]
        paths = frozenset[Path]().union(*(policy.looks_at for policy in chosen))
        run, arguments = _below(paths, "run"), _below(paths, "arguments")
        return Slice(
            handle=self._handle(tuple(policy.id for policy in chosen)),
            run=RUN if run is None else tuple(sorted(run)),
            arguments=None if arguments is None else tuple(sorted(arguments)),
        )

    def _make_handle(self, names: tuple[str, ...]) -> Handle:
        chosen = {name: dict(self._parts.policies[name].body) for name in names}
        return handle_of(chosen)


def _request(agent: str, action: str, kind: str, name: str) -> Json:
    return {
        "principal": {"type": "Agent", "id": agent},
        "action": {"type": "Action", "id": action},
        "resource": {"type": kind, "id": name},
    }


def _below(paths: frozenset[Path], part: str) -> set[str] | None:
    """Return which fields of a part of the context are looked at; None: all of them."""
    if WHOLE in paths or (part,) in paths:
        return None
    return {path[1] for path in paths if path[0] == part}


def _context(prepared: Prepared, question: Question) -> str:
    """Write what the conditions look at, and nothing else."""
    found, context = prepared.slice, dict[str, Any]()
    if found.run:
        context["run"] = {name: getattr(question.run, name) for name in found.run}
    if prepared.declared and found.arguments != ():
        given = question.arguments
        names = given if found.arguments is None else [name for name in found.arguments if name in given]
        context["arguments"] = as_cedar({name: given[name] for name in names})
    return _encode(context).decode() if context else "{}"


def _remembering(make: Callable[..., V]) -> Callable[..., V]:
    return lru_cache(maxsize=REMEMBERED)(make)
