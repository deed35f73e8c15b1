"""What is wrong in a file of channels, in one sentence: the place, what is there, what to write instead."""

import difflib
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from interlock.console.notifying.settings import Chat, File, Mail, Secret, Webhook

Details = Mapping[str, Any]

MOST_CHARS = 80
_SECRETS = ("secret", "password", "url")
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
    return f"{place}{key}{_said(key, details)}: {details['msg'].lower()}"


def _said(key: str, details: Details) -> str:
    """Return what is written there, where it can be no secret: somebody may have put one in its place."""
    said = details["input"]
    if key in _SECRETS or not isinstance(said, str | int | float) or len(repr(said)) > MOST_CHARS:
        return ""
    return f" = {said!r}"


def _no_text(place: str, key: str, details: Details) -> str:
    return f'{place}{key}{_said(key, details)} is no text; write {key} = "…"'


def _no_list(place: str, key: str, details: Details) -> str:
    return f'{place}{key}{_said(key, details)} is no list; write {key} = ["…"]'


def _no_table(place: str, key: str, _details: Details) -> str:
    if key in _SECRETS:
        return (
            f'{place}{key} does not say where it stands; write {key} = {{ file = "…" }}, or {{ env = "…" }}'
        )
    return f"{place or 'channels '}is no table; write {(place or '[channels.finance] ')}and below it its kind"


def _no_truth(place: str, key: str, details: Details) -> str:
    return f"{place}{key}{_said(key, details)} is neither true nor false; write {key} = true"


def _no_word(place: str, key: str, _details: Details) -> str:
    return f'{place}{key} is empty; write {key} = "…"'


def _nothing(place: str, key: str, _details: Details) -> str:
    return f"{place}{key} is empty; write at least one" if place else _missing(place, key, _details)


def _missing(place: str, key: str, _details: Details) -> str:
    if not place:
        return f"there are no {key}; write a table for each, such as [channels.finance]"
    return f"{place}has no {key}; write {key} = …, see docs/notifications.md"


def _unknown(place: str, key: str, _details: Details) -> str:
    near = difflib.get_close_matches(key.rpartition(".")[2], _KNOWN, n=1)
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
    "string_type": _no_text,
    "list_type": _no_list,
    "dict_type": _no_table,
    "model_type": _no_table,
    "model_attributes_type": _no_table,
    "bool_type": _no_truth,
    "too_short": _nothing,
    "string_too_short": _no_word,
    "extra_forbidden": _unknown,
    "union_tag_invalid": _kind,
    "union_tag_not_found": _no_kind,
    "literal_error": _no_choice,
    "string_pattern_mismatch": _no_mailbox,
    "value_error": _refused,
}
