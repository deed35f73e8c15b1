"""Changes arguments as a person types them: whole, by single values, or as text in an editor."""

import re
from collections.abc import Callable, Sequence
from typing import Any, cast

import click
import msgspec

from interlock.console.errors import BadInput
from interlock.console.people.asked import Asked
from interlock.console.people.visible import pretty, visible
from interlock.contracts.approval import canonical
from interlock.contracts.limits import MAX_JUDGED_BYTES
from interlock.contracts.message import Json

NOTE = "// What is saved is what you agree to. Lines that begin with // are left out; empty: nothing is done."

_BYTE = re.compile(r"\(byte (\d+)\)$")

_encode = msgspec.json.Encoder().encode


def check_editable(asked: Asked) -> None:
    """Raise BadInput for what has no arguments, or none that anybody edits."""
    if not asked.is_signed:
        raise BadInput(f"{asked.number} is no effect with arguments: there is nothing to edit")
    if asked.model:
        raise BadInput(
            f"{asked.number} is about the use of a model, which nobody edits: approve it, or reject it and "
            "say what should be asked instead"
        )


def read_object(text: str, what: str) -> Json:
    """Read a JSON object; raises BadInput that names the place."""
    value = as_object(read_json(text, what))
    if value is None:
        raise BadInput(f'{what}: it has to be a JSON object, such as {{"name": 1}}, and is none')
    return _bounded(value, what)


def checked_object(_context: click.Context, option: click.Parameter, text: str | None) -> Json | None:
    """Read a JSON object that was typed; raises BadInput that names the option."""
    return None if text is None else read_object(text, option.opts[0])


def read_json(text: str, what: str) -> Any:
    """Read any JSON; raises BadInput that names the place."""
    try:
        return msgspec.json.decode(text.encode())
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise BadInput(f"{what}: this is not JSON: {_with_line(str(error), text)}") from error


def with_values(arguments: Json, settings: Sequence[str]) -> Json:
    """Return arguments with some values replaced: `name=value`, `outer.inner=value`; raises BadInput.

    A value is read as JSON, and as text where it is none.
    """
    changed: Json = msgspec.json.decode(canonical(arguments))
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals or not name:
            raise BadInput(f"--set: {setting[:40]!r} is not name=value, such as amount_cents=5000")
        _put(changed, name.split("."), _read_value(value), name)
    return _bounded(changed, "--set")


def edited(arguments: Json, edit: Callable[[str], str | None]) -> Json | None:
    """Return arguments as somebody has edited them as text, None where nothing was saved; raises BadInput."""
    text = edit("\n".join((NOTE, *pretty(arguments), "")))
    kept = "\n".join(line for line in (text or "").splitlines() if not line.startswith("//"))
    return read_object(kept, "what was saved") if kept.strip() else None


def changes(before: Json, after: Json) -> list[str]:
    """Return what differs, a line for each value: its place, what it was, what it is."""
    old, new = dict(_flat(before)), dict(_flat(after))
    places = dict.fromkeys((*old, *new))
    return [
        visible(f"{place}: {old.get(place, 'nothing')} -> {new.get(place, 'nothing')}")
        for place in places
        if old.get(place) != new.get(place)
    ]


def values(arguments: Json) -> str:
    """Return arguments in one line, each by its name, the short ones first; not yet made visible."""
    return " ".join(
        sorted([f"{name}={_encode(value).decode()}" for name, value in arguments.items()], key=len)
    )


def _bounded(arguments: Json, what: str) -> Json:
    size = len(canonical(arguments))
    if size > MAX_JUDGED_BYTES:
        raise BadInput(f"{what}: {size} bytes are more than people can judge: at most {MAX_JUDGED_BYTES}")
    return arguments


def as_object(value: Any) -> Json | None:
    """Return JSON that is an object, None for other JSON."""
    return cast("Json", value) if isinstance(value, dict) else None


def _with_line(complaint: str, text: str) -> str:
    """Name the line where the decoder names a byte."""
    found = _BYTE.search(complaint)
    if found is None or "\n" not in text:
        return complaint
    line = text.encode()[: int(found[1])].count(b"\n") + 1
    return f"{complaint[: found.start()]}(line {line})"


def _read_value(text: str) -> Any:
    try:
        return msgspec.json.decode(text.encode())
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return text


def _put(arguments: Json, path: list[str], value: Any, name: str) -> None:
    place: Json | None = arguments
    for word in path[:-1]:
        place = None if place is None else as_object(place.get(word))
    if place is None:
        raise BadInput(f"--set: {name!r} is no place in the arguments; give them whole with --arguments JSON")
    place[path[-1]] = value


def _flat(value: Any, path: str = "") -> list[tuple[str, str]]:
    inside = as_object(value)
    if inside:
        return [
            pair for key, inner in inside.items() for pair in _flat(inner, f"{path}.{key}" if path else key)
        ]
    return [(path or "it", _encode(value).decode())]
