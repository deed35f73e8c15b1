"""The limits file: TOML that people write, checked, with one sentence for whatever is wrong in it.

It knows files and limits, and nothing of the bus.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
)

from interlock.console.budgets.complaints import complaint
from interlock.console.budgets.dimensions import LIMIT_NAMES, MOST_COUNT, MOST_USD, MOST_WALL_S, split
from interlock.console.budgets.shared import FLEET
from interlock.console.errors import BadInput
from interlock.console.toml_file import read_toml
from interlock.contracts.budget import Budget
from interlock.contracts.control import SetLimits
from interlock.contracts.errors import MalformedSubject
from interlock.contracts.subjects import token

MAX_SCOPES = 10_000

_STRICT = ConfigDict(extra="forbid", strict=True, frozen=True)


def _payable(value: float) -> float:
    if 0 < value < 0.000001:
        raise ValueError("is less than a millionth of a dollar; write 0, or at least 0.000001")
    return value


Dollars = Annotated[float, Field(ge=0, le=MOST_USD, allow_inf_nan=False), AfterValidator(_payable)]
Seconds = Annotated[int, Field(ge=0, le=MOST_WALL_S)]
Count = Annotated[int, Field(ge=0, le=MOST_COUNT)]


class _Limits(BaseModel):
    """The limits of one scope, in total and of each day; what is not named has no limit."""

    model_config = _STRICT

    usd: Dollars | None = None
    tokens: Count | None = None
    model_calls: Count | None = None
    tool_calls: Count | None = None
    wall_s: Seconds | None = None
    steps: Count | None = None
    replans: Count | None = None
    usd_per_day: Dollars | None = None
    tokens_per_day: Count | None = None
    model_calls_per_day: Count | None = None
    tool_calls_per_day: Count | None = None
    wall_s_per_day: Seconds | None = None
    steps_per_day: Count | None = None
    replans_per_day: Count | None = None


assert tuple(_Limits.model_fields) == LIMIT_NAMES


class _File(BaseModel):
    """The whole file."""

    model_config = _STRICT

    fleet: _Limits | None = None
    tenants: dict[str, _Limits] = Field(default={}, max_length=MAX_SCOPES)
    roles: dict[str, _Limits] = Field(default={}, max_length=MAX_SCOPES)

    @field_validator("tenants", "roles")
    @classmethod
    def _named(cls, scopes: dict[str, Any]) -> dict[str, Any]:
        for name in scopes:
            try:
                token(name)
            except MalformedSubject as error:
                raise ValueError(str(error)) from error
        return scopes


def read_file(path: Path) -> dict[str, SetLimits]:
    """Return the limits that a file sets, by scope; raises BadInput that names file, place and remedy."""
    read = read_toml(path, like="[tenants.acme], and below it: usd_per_day = 2.0")
    try:
        file = _File.model_validate(read)
    except ValidationError as error:
        raise BadInput(f"{path}: {complaint(error)}") from error
    scopes: dict[str, _Limits] = {} if file.fleet is None else {FLEET: file.fleet}
    scopes |= {f"tenant {tenant}": limits for tenant, limits in file.tenants.items()}
    scopes |= {f"role {role}": limits for role, limits in file.roles.items()}
    return {scope: as_limits(limits.model_dump(exclude_none=True)) for scope, limits in scopes.items()}


def as_limits(values: Mapping[str, float]) -> SetLimits:
    """Return limits from values by their names outside."""
    total: dict[str, int] = {}
    day: dict[str, int] = {}
    for name, value in values.items():
        dimension, daily = split(name)
        (day if daily else total)[dimension.field] = dimension.inside(value)
    return SetLimits(total=Budget(**total), day=Budget(**day))
