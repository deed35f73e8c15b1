"""Reads `routing.toml`: who is asked next when nobody answers, and the calendars whose hours count.

What follows from a route it must not know.
"""

import tomllib
from pathlib import Path
from typing import Literal

import msgspec

from interlock.contracts.message import Name
from interlock.contracts.policy import Calendar, Route
from interlock.supervisor.calendars import DAYS, minute_of, offsets_of
from interlock.supervisor.errors import MalformedPolicies

ROUTING = "routing.toml"
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class _Route(Route, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A route as people write it."""


class _Hours(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A calendar as people write it."""

    name: Name
    zone: str = "UTC"
    days: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri")
    opens: str = "00:00"
    closes: str = "24:00"


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    routes: tuple[_Route, ...] = ()
    calendars: tuple[_Hours, ...] = ()


_HOLDS = "; ".join(
    f"[[{kind}]] with {', '.join(known.__struct_fields__)}"
    for kind, known in (("routes", Route), ("calendars", _Hours))
)


def read_routing(path: Path, at_ms: int) -> tuple[tuple[Route, ...], tuple[Calendar, ...]]:
    """Read the file, where there is one; raise MalformedPolicies with what is wrong, and what it may hold."""
    if not path.exists():
        return (), ()
    try:
        said = msgspec.convert(tomllib.loads(path.read_text("utf-8")), _File)
    except (OSError, UnicodeDecodeError) as error:
        raise MalformedPolicies(f"{path} cannot be read: {error}") from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise MalformedPolicies(f"{path} is not TOML: {error}") from error
    except msgspec.ValidationError as error:
        raise MalformedPolicies(f"{path}: {error}; it holds {_HOLDS}, and nothing else") from error
    return said.routes, tuple(_calendar(each, at_ms) for each in said.calendars)


def _calendar(said: _Hours, at_ms: int) -> Calendar:
    return Calendar(
        name=said.name,
        zone=said.zone,
        days=tuple(sorted({DAYS.index(day) for day in said.days})),
        opens_minute=minute_of(said.opens),
        closes_minute=minute_of(said.closes),
        offsets=offsets_of(said.zone, at_ms),
    )
