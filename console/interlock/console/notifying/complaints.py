"""What is wrong in a file of channels, in one sentence: the place, what is there, what to write instead."""

import difflib
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from interlock.console.notifying.settings import Chat, File, Mail, Secret, Webhook

Details = Mapping[str, Any]

_KINDS: Mapping[str, type[BaseModel]] = {"webhook": Webhook, "slack": Chat, "email": Mail}
_MODELS: tuple[type[BaseModel], ...] = (File, Secret, *_KINDS.values())
_KNOWN = {name for model in _MODELS for name in model.model_fields}


def complaint(error: ValidationError) -> str:
    """Return the first thing that is wrong, and how many more there are."""
    first = error.errors(include_url=False)[0]
    place, key = _place(first["loc"])
    sentence = _SENTENCES.get(first["type"], _any)
    others = error.error_count() - 1
    return sentence(place, key, first) + (f" ({others} more like this)" if others else "")


def _place(loc: tuple[int | str, ...]) -> tuple[str, str]:
    """Return the table and the key of a place, without the words that only pydantic knows."""
    words = [str(word) for word in loc]
    table, rest = [], words
    if words[:1] == ["channels"] and len(words) > 1:
        table, rest = words[:2], words[2:]
        rest = rest[1:] if rest[:1] and rest[0] in _KINDS else rest
    keys = [word for word in rest if word in _KNOWN or word.isdecimal() or word == rest[-1]]
    return (f"[{'.'.join(table)}] " if table else ""), ".".join(word for word in keys if word.isidentifier())


def _any(place: str, key: str, details: Details) -> str:
    return f"{place}{key or 'channels'} = {details['input']!r}: {details['msg'].lower()}"


def _missing(place: str, key: str, _details: Details) -> str:
    if not place:
        return f"there are no {key}; write a table for each, such as [channels.finance]"
    return f"{place}has no {key}; write {key} = …, see docs/notifications.md"


def _unknown(place: str, key: str, _details: Details) -> str:
    near = difflib.get_close_matches(key, _KNOWN, n=1, cutoff=0.7)
    return f"{place}{key}: there is no such setting" + (f"; write {near[0]}" if near else "; remove it")


def _kind(place: str, _key: str, details: Details) -> str:
    said = details.get("ctx", {}).get("tag")
    return f"{place}kind = {said!r}: " + f"write one of {', '.join(_KINDS)}"


def _no_kind(place: str, _key: str, _details: Details) -> str:
    return f"{place}has no kind; write one of {', '.join(_KINDS)}"


def _no_choice(place: str, key: str, details: Details) -> str:
    return f"{place}{key}: {details['input']!r} is none; write {details['ctx']['expected']}"


def _refused(place: str, key: str, details: Details) -> str:
    return f"{place}{key}{' ' if key else ''}{details['ctx']['error']}"


def _no_mailbox(place: str, key: str, details: Details) -> str:
    return f"{place}{key} = {details['input']!r} is no mailbox; write one such as desk@example.org"


_SENTENCES: Mapping[str, Callable[[str, str, Details], str]] = {
    "missing": _missing,
    "extra_forbidden": _unknown,
    "union_tag_invalid": _kind,
    "union_tag_not_found": _no_kind,
    "literal_error": _no_choice,
    "string_pattern_mismatch": _no_mailbox,
    "value_error": _refused,
}
