"""A handler's types are read when it is declared; input and result are held to them."""

from dataclasses import dataclass
from typing import Any, TypedDict

import msgspec
import pydantic
import pytest
from tests.agents.conftest import Peer, Thinker

from interlock.agents import Context
from interlock.agents.errors import MalformedAgent
from interlock.agents.handler import Handle, Handler
from interlock.contracts.step import StepFailure, StepResult


class Struct(msgspec.Struct):
    name: str
    size: int = 1


@dataclass
class Data:
    name: str
    size: int = 1


class Typed(TypedDict):
    name: str


class Model(pydantic.BaseModel):
    name: str
    size: int = pydantic.Field(default=1, ge=1)


async def struct(step: Struct, ctx: Context) -> Struct:
    del ctx
    return Struct(step.name, step.size + 1)


async def data(step: Data, ctx: Context) -> Data:
    del ctx
    return Data(step.name, step.size + 1)


async def typed(step: Typed, ctx: Context) -> Typed:
    del ctx
    return {"name": step["name"] + "!"}


async def model(step: Model, ctx: Context) -> Model:
    del ctx
    return Model(name=step.name, size=step.size + 1)


async def models(step: dict[str, Model], ctx: Context) -> list[Model]:
    del ctx
    return list(step.values())


@pytest.mark.parametrize(
    ("handle", "given", "result"),
    [
        (struct, {"name": "x"}, b'{"name":"x","size":2}'),
        (data, {"name": "x"}, b'{"name":"x","size":2}'),
        (typed, {"name": "x"}, b'{"name":"x!"}'),
        (model, {"name": "x"}, b'{"name":"x","size":2}'),
        (models, {"a": {"name": "x"}}, b'[{"name":"x","size":1}]'),
    ],
)
async def test_an_author_may_use_any_common_kind_of_type(
    peer: Peer, thinker: Thinker, handle: Handle, given: dict[str, Any], result: bytes
) -> None:
    await peer.join(thinker(handle))
    end = await peer.work(given)
    assert isinstance(end, StepResult)
    assert bytes(end.value) == result


@pytest.mark.parametrize("handle", [struct, data, typed, model])
async def test_input_that_does_not_fit_is_refused_with_its_place(
    peer: Peer, thinker: Thinker, handle: Handle
) -> None:
    await peer.join(thinker(handle))
    end = await peer.work({"name": 7})
    assert isinstance(end, StepFailure)
    assert end.kind == "unfit_input"
    assert "$.name" in end.message


async def test_a_place_deep_in_a_pydantic_model_is_named(peer: Peer, thinker: Thinker) -> None:
    await peer.join(thinker(models))
    end = await peer.work({"a": {"name": "x", "size": 0}})
    assert isinstance(end, StepFailure)
    assert "$.a.size" in end.message


async def lie(step: Struct, ctx: Context) -> Struct:
    del step, ctx
    return Struct("x", "many")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # the lie


async def lie_in_a_model(step: Struct, ctx: Context) -> Model:
    del step, ctx
    return Model.model_construct(name="x", size=0)


async def nothing(step: Struct, ctx: Context) -> Struct:
    del step, ctx
    return None  # type: ignore[return-value]  # pyright: ignore[reportReturnType]  # the lie


async def too_much(step: Struct, ctx: Context) -> str:
    del step, ctx
    return "x" * 300_000


@pytest.mark.parametrize("handle", [lie, lie_in_a_model, nothing, too_much])
async def test_a_result_that_does_not_fit_fails_for_good(
    peer: Peer, thinker: Thinker, handle: Handle
) -> None:
    await peer.join(thinker(handle))
    end = await peer.work({"name": "x"})
    assert isinstance(end, StepFailure)
    assert end.kind == "permanent"
    assert "result of s1" in end.message


NO_HANDLERS = [
    ("async def handle(step, ctx): ...", "must say its types"),
    ("async def handle(step: str, ctx: Context): ...", "must say its types"),
    ("async def handle(step: str) -> str: ...", "must say its types"),
    ("def handle(step: str, ctx: Context) -> str: ...", "async def handle"),
    ("async def handle(step: str, ctx: Context) -> object: ...", "object has no form in JSON"),
    ("async def handle(step: 'Nowhere', ctx: Context) -> str: ...", "'Nowhere' is not defined"),
]


@pytest.mark.parametrize(("program", "sentence"), NO_HANDLERS)
def test_what_is_no_handler_is_refused_when_it_is_declared(program: str, sentence: str) -> None:
    names: dict[str, Any] = {"Context": Context}
    exec(program, names)  # an author's file, which type checkers would refuse before we do
    with pytest.raises(MalformedAgent, match=sentence):
        Handler(names["handle"])
