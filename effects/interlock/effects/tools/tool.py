"""What a tool is: a name, its risk, a typed input and output, and a function that blocks.

It validates both ways and knows nothing of who asked, or whether it was allowed.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec
from pydantic import BaseModel, ConfigDict, ValidationError

from interlock.contracts.presence import Risk, ToolOffer
from interlock.effects.errors import Unfit

_PLACES_SHOWN_MAX = 3


def _always() -> bool:
    return True


class Strict(BaseModel):
    """What a tool is asked or answers: nothing unknown, nothing changed after it was read."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Place(msgspec.Struct, frozen=True):
    """Where a tool works: for which task, on which documents (empty: none), and in which folders.

    `leave` is asked right before something happens that cannot be undone: False, and it must not.
    """

    task: int
    docs: str
    roots: tuple[Path, ...]
    workspaces: Path
    cache: Path
    leave: Callable[[], bool] = _always


Asked = TypeVar("Asked", bound=Strict)
Told = TypeVar("Told", bound=Strict)


class Tool(Generic[Asked, Told]):
    """One tool; `repeatable` calls may be done again when their end is unknown.

    One that `asks_leave` changes nothing before it has asked.
    """

    def __init__(  # noqa: PLR0913 - each is one plain thing to say about a tool, by its name
        self,
        name: str,
        run: Callable[[Asked, Place], Told],
        *,
        asks: type[Asked],
        tells: type[Told],
        risk: Risk,
        repeatable: bool,
        description: str,
        asks_leave: bool = False,
    ) -> None:
        self.name = name
        self.asks_leave = asks_leave
        self._run = run
        self._asks = asks
        self._tells = tells
        self._risk: Risk = risk
        self._repeatable = repeatable
        self._description = description

    def offer(self) -> ToolOffer:
        """Describe the tool to the supervisor."""
        return ToolOffer(
            tool=self.name,
            risk=self._risk,
            repeatable=self._repeatable,
            description=self._description,
            input_schema=self._asks.model_json_schema(),
        )

    def run(self, arguments: dict[str, Any], place: Place) -> bytes:
        """Do it and return its output as JSON; blocks. Raises EffectError."""
        try:
            asked = self._asks.model_validate(arguments)
        except ValidationError as error:
            raise Unfit(f"{self.name} cannot be run so: {complaint(error)}") from error
        told = self._run(asked, place)
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
