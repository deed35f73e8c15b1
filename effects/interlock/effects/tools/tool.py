"""What a tool is: a name, its traits, a typed input and output, and a function.

It validates both ways and knows nothing of who asked, or whether it was allowed. A function that waits for
others is a coroutine function, and can be stopped at any moment; one that blocks runs in a thread.
"""

import inspect
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

import msgspec
from pydantic import BaseModel, ConfigDict, ValidationError

from interlock.contracts.presence import DEFAULT_DATA_CLASS, Risk, ToolOffer
from interlock.effects.errors import Unfit

_PLACES_SHOWN_MAX = 3


def _always() -> bool:
    return True


class Strict(BaseModel):
    """What a tool is asked or answers: nothing unknown, nothing changed after it was read."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a tool works: for which task, on which documents (empty: none), and in which folders.

    `key` is the same whenever this very call is made again, and no other call has it: with it, whoever is
    called does it once. `agent` asked for it (empty: nobody waits for it now), `tenant` is on whose account.
    `leave` is asked right before something happens that cannot be undone: False, and it must not.
    """

    task: int
    docs: str
    roots: tuple[Path, ...]
    workspaces: Path
    cache: Path
    key: str = ""
    agent: str = ""
    tenant: str = ""
    leave: Callable[[], bool] = _always


class Traits(msgspec.Struct, frozen=True, kw_only=True):
    """What a tool is to those who decide about it.

    `repeatable` calls may be done again, with the same key, when their end is unknown. What an `untrusted`
    tool tells comes from outside, and may be hostile. `target` is the argument that names what is acted
    upon, `undo` the tool that takes it back: it is given the same arguments, and the `key` of what it undoes.
    `data_class` and `region` are of what it touches.
    """

    risk: Risk
    repeatable: bool
    untrusted: bool = False
    target: str = ""
    undo: str = ""
    data_class: str = DEFAULT_DATA_CLASS
    region: str = ""


Asked = TypeVar("Asked", bound=Strict)
Told = TypeVar("Told", bound=Strict)


class Tool(Generic[Asked, Told]):
    """One tool; one that `asks_leave` changes nothing before it has asked.

    `run` is given what it is asked, as `asks` reads it, and returns what it `tells`; it raises EffectError.
    """

    def __init__(
        self,
        name: str,
        run: Callable[[Asked, Place], Told] | Callable[[Asked, Place], Awaitable[Told]],
        *,
        asks: type[Asked],
        tells: type[Told],
        traits: Traits,
        description: str,
        asks_leave: bool = False,
    ) -> None:
        self.name = name
        self.traits = traits
        self.asks_leave = asks_leave
        self.waits = inspect.iscoroutinefunction(run)
        self._run = run
        self._asks = asks
        self._tells = tells
        self._description = description

    @property
    def arguments(self) -> frozenset[str]:
        """The names of what it can be asked."""
        return frozenset(self._asks.model_json_schema().get("properties", {}))

    def offer(self) -> ToolOffer:
        """Describe the tool to the supervisor."""
        traits = self.traits
        return ToolOffer(
            tool=self.name,
            risk=traits.risk,
            repeatable=traits.repeatable,
            description=self._description,
            input_schema=self._asks.model_json_schema(),
            untrusted=traits.untrusted,
            target=traits.target,
            undo=traits.undo,
            data_class=traits.data_class,
            region=traits.region,
        )

    def run(self, arguments: dict[str, Any], place: Place) -> bytes:
        """Do it and return its output as JSON; blocks, and is not for one that waits. Raises EffectError."""
        return self._written(cast("Told", self._run(self._read(arguments), place)))

    async def run_waiting(self, arguments: dict[str, Any], place: Place) -> bytes:
        """Do it as `run` does, for one that waits."""
        return self._written(await cast("Awaitable[Told]", self._run(self._read(arguments), place)))

    def _read(self, arguments: dict[str, Any]) -> Asked:
        try:
            return self._asks.model_validate(arguments)
        except ValidationError as error:
            raise Unfit(f"{self.name} cannot be run so: {complaint(error)}") from error

    def _written(self, told: Told) -> bytes:
        try:
            return self._tells.model_validate(told.model_dump()).model_dump_json().encode()
        except ValidationError as error:
            raise Unfit(f"{self.name} answered against its own promise: {complaint(error)}") from error


def complaint(error: ValidationError) -> str:
    """Say in one sentence what does not fit and where."""
    found = error.errors(include_url=False, include_input=False)
    places = [f"{'.'.join(map(str, one['loc'])) or 'it'}: {one['msg']}" for one in found[:_PLACES_SHOWN_MAX]]
    more = len(found) - len(places)
    return "; ".join(places) + (f"; and {more} more" if more > 0 else "")


AnyTool = Tool[Any, Any]
