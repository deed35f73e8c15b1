"""Withholds arguments from a call, as policies ask: no tool, and nobody who approves it, gets to see them."""

from collections.abc import Sequence
from typing import Any, cast

from interlock.contracts.message import Json

WITHHELD = "[redacted]"
FLAG = "redact:"


def redacted(arguments: Json, flags: Sequence[str]) -> Json:
    """Return arguments without what the flags name; what is not there stays away."""
    for flag in flags:
        if flag.startswith(FLAG):
            arguments = _without(arguments, flag.removeprefix(FLAG).split(".")[1:])
    return arguments


def redacts(flags: Sequence[str]) -> bool:
    """Tell whether anything is to be withheld."""
    return any(flag.startswith(FLAG) for flag in flags)


def _without(value: Json, path: Sequence[str]) -> Json:
    name, *deeper = path
    if name not in value:
        return value
    inner: Any = value[name]
    if deeper and not isinstance(inner, dict):
        return value
    return {**value, name: _without(cast("Json", inner), deeper) if deeper else WITHHELD}
