"""What is wrong in the OIDC file, in one sentence: the place, what is there, what to write instead.

It must not know which settings there are, beyond what the complaint itself tells.
"""

import difflib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pydantic import ValidationError

Details = Mapping[str, Any]

TAG = "~"
"""Begins the words in a place that only pydantic knows: which of several forms was read."""
MOST_CHARS = 80


def complaint(error: ValidationError, known: Iterable[str]) -> str:
    """Return what is wrong: a misspelt setting before one that is left out; `known` are all of them."""
    found = error.errors(include_url=False)
    first = next((one for one in found if one["type"] == "extra_forbidden"), found[0])
    place, key = _place(first["loc"])
    if first["type"] == "extra_forbidden":
        near = difflib.get_close_matches(key.rpartition(".")[2], list(known), n=1)
        return f"{place}{key}: there is no such setting; " + (f"write {near[0]}" if near else "remove it")
    return _SENTENCES.get(first["type"], _any)(place, key, first)


def _place(loc: tuple[int | str, ...]) -> tuple[str, str]:
    """Return the table and the key of a place; the number of a value in a list is nobody's concern."""
    words = [word for word in loc if isinstance(word, str) and not word.startswith(TAG)]
    if len(words) < 2:
        return "", words[0]
    return f"[{words[0]}] ", ".".join(words[1:])


def _any(place: str, key: str, details: Details) -> str:
    return f"{place}{key} = {_said(details)}: {details['msg'][:1].lower()}{details['msg'][1:]}"


def _said(details: Details) -> str:
    said = repr(details["input"])
    return said if len(said) <= MOST_CHARS else f"{said[:MOST_CHARS]}…"


def _no_text(place: str, key: str, details: Details) -> str:
    return f'{place}{key} = {_said(details)} is no text; write {key} = "…"'


def _no_list(place: str, key: str, details: Details) -> str:
    return f'{place}{key} = {_said(details)} is no list; write {key} = ["…"]'


def _no_map(place: str, key: str, details: Details) -> str:
    return f'{place}{key} = {_said(details)} is no map; write {key} = {{ theirs = "ours" }}'


def _no_number(place: str, key: str, details: Details) -> str:
    return f"{place}{key} = {_said(details)} is no whole number; write {key} = 30"


def _missing(place: str, key: str, _details: Details) -> str:
    if place:
        return f"{place}has no {key}; write {key} = …"
    return f"there is no {key}; write " + (
        f"[{key}], and below it its claim" if key in _TABLES else f"{key} = …"
    )


def _no_table(_place: str, key: str, _details: Details) -> str:
    return f"{key} is no table; write [{key}], and below it its claim"


def _no_choice(place: str, key: str, details: Details) -> str:
    return f"{place}{key}: {details['input']!r} is none; write one of {details['ctx']['expected']}"


def _refused(place: str, key: str, details: Details) -> str:
    return f"{place}{key}: {details['ctx']['error']}"


def _no_word(place: str, key: str, _details: Details) -> str:
    return f'{place}{key} is empty; write {key} = "…"'


def _nothing(place: str, key: str, _details: Details) -> str:
    return f"{place}{key} is empty; write at least one"


_TABLES = ("principal", "roles")
_SENTENCES: Mapping[str, Callable[[str, str, Details], str]] = {
    "missing": _missing,
    "model_type": _no_table,
    "string_type": _no_text,
    "path_type": _no_text,
    "tuple_type": _no_list,
    "dict_type": _no_map,
    "int_type": _no_number,
    "int_parsing": _no_number,
    "int_from_float": _no_number,
    "literal_error": _no_choice,
    "value_error": _refused,
    "too_short": _nothing,
    "string_too_short": _no_word,
}
