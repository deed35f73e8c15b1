"""What is wrong in a limits file, in one sentence: the place, what stands there, what to write instead."""

import difflib
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError

from interlock.console.budgets.dimensions import LIMIT_NAMES, TABLE, split

Details = Mapping[str, Any]

_OTHER_UNITS = {
    "micros": "usd, in dollars",
    "cents": "usd, in dollars",
    "dollars": "usd",
    "money": "usd, in dollars",
    "ms": "wall_s, in seconds",
    "minutes": "wall_s, in seconds",
    "hours": "wall_s, in seconds",
    "seconds": "wall_s",
    "month": "a name with _per_day, or one without for all time",
    "hour": "a name with _per_day, or one without for all time",
    "week": "a name with _per_day, or one without for all time",
}


def complaint(error: ValidationError) -> str:
    """Return the first thing that is wrong, and how many more there are."""
    first = error.errors(include_url=False)[0]
    words = [str(word) for word in first["loc"]]
    others = error.error_count() - 1
    more = f" ({others} more like this)" if others else ""
    sentence = _SENTENCES.get(first["type"])
    said = sentence(words, first) if sentence else f"[{'.'.join(words)}]: {first['msg']}"
    return f"{said}{more}"


def _there(words: list[str], details: Details) -> str:
    return f"[{'.'.join(words[:-1])}] {words[-1]} = {details['input']!r}"


def _unknown(words: list[str], _details: Details) -> str:
    table, key = ".".join(words[:-1]), words[-1]
    if not table:
        return f"[{key}] is nothing that has limits; write [fleet], [tenants.NAME] or [roles.NAME]"
    return f"[{table}] {key}: there is no such limit; write {_meant(key)}"


def _below(words: list[str], details: Details) -> str:
    return f"{_there(words, details)} is below zero; write 0 or more, or leave it out for no limit"


def _above(words: list[str], details: Details) -> str:
    most = details.get("ctx", {}).get("le", 0)
    return f"{_there(words, details)} is too much; write at most {most:,}, or leave it out for no limit"


def _no_number(words: list[str], details: Details) -> str:
    dimension, _ = split(words[-1])
    unit = "number of dollars" if dimension.name == "usd" else f"whole number of {dimension.noun}"
    value = {"usd": "2.50", "wall_s": "3600"}.get(dimension.name, "500")
    return f"{_there(words, details)} is no {unit}; write {words[-1]} = {value}"


def _refused(words: list[str], details: Details) -> str:
    return f"[{'.'.join(words)}] {details.get('ctx', {}).get('error', '')}"


def _no_table(words: list[str], details: Details) -> str:
    whole = ".".join(words)
    name = ".NAME" if details["type"] == "dict_type" else ""
    return f"{whole} is no table; write [{whole}{name}] and its limits below it"


def _meant(key: str) -> str:
    """Return what somebody may have meant."""
    parts = key.split("_")
    for word, remedy in _OTHER_UNITS.items():
        if word in parts:
            return remedy
    near = difflib.get_close_matches(key, LIMIT_NAMES, n=1, cutoff=0.75)
    return near[0] if near else f"one of {', '.join(d.name for d in TABLE)}, each also with _per_day"


_SENTENCES: Mapping[str, Callable[[list[str], Details], str]] = {
    "extra_forbidden": _unknown,
    "greater_than_equal": _below,
    "less_than_equal": _above,
    "float_type": _no_number,
    "int_type": _no_number,
    "int_from_float": _no_number,
    "finite_number": _no_number,
    "value_error": _refused,
    "model_type": _no_table,
    "dict_type": _no_table,
}
