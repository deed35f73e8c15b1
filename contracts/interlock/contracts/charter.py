"""A charter: an agent's enforced job description. Read from TOML; carried in the agent's hello."""

import tomllib
from typing import Annotated, Any

import msgspec

from interlock.contracts import limits
from interlock.contracts.budget import Budget
from interlock.contracts.errors import MalformedCharter
from interlock.contracts.message import Line, Part

RoleName = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")]


class Charter(Part, frozen=True, kw_only=True):
    """What an agent is for, what it may ask for, and where its questions go.

    `models` are patterns such as `openai/*`; `budget` is the default limit of one step; `autonomy` is a level
    from 1 (suggest only) to 5 (full).
    """

    role: RoleName
    version: str
    objective: Annotated[str, msgspec.Meta(min_length=1, max_length=limits.MAX_LINE_CHARS)]
    scope: Line = ""
    inputs: str = ""
    outputs: str = ""
    keywords: tuple[str, ...] = ()
    tools: Annotated[tuple[str, ...], msgspec.Meta(max_length=limits.MAX_OFFERS)] = ()
    models: Annotated[tuple[str, ...], msgspec.Meta(max_length=limits.MAX_OFFERS)] = ()
    autonomy: Annotated[int, msgspec.Meta(ge=1, le=5)] = 4
    capacity: Annotated[int, msgspec.Meta(ge=1, le=limits.MAX_CAPACITY)] = 8
    deadline_s: Annotated[int, msgspec.Meta(ge=1, le=86_400)] = 300
    budget: Budget = Budget()
    escalation: str = "operator"
    data_classes: tuple[str, ...] = ("public", "internal")
    regions: tuple[str, ...] = ()


def read_charter(text: str, name: str) -> Charter:
    """Read a charter from TOML; `name` is the file, for the error. Raises MalformedCharter."""
    try:
        table: dict[str, Any] = tomllib.loads(text)
        unknown = sorted(set(table) - set(Charter.__struct_fields__))
        if unknown:
            raise MalformedCharter(
                f"{name}: {', '.join(unknown)} is nothing a charter says; it may say "
                f"{', '.join(Charter.__struct_fields__)}"
            )
        return msgspec.convert(table, Charter)
    except tomllib.TOMLDecodeError as error:
        raise MalformedCharter(f"{name} is not TOML: {error}") from error
    except msgspec.ValidationError as error:
        raise MalformedCharter(f"{name} is not a charter: {error}") from error
