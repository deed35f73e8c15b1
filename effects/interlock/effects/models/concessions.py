"""What to leave out of a request when a server says that it does not know it; nothing else changes."""

from collections.abc import Callable

import msgspec

from interlock.contracts.message import Json

Concession = Callable[[Json, Json], Json]


def _without_temperature(body: Json, _returns: Json) -> Json:
    return {key: value for key, value in body.items() if key != "temperature"}


def _other_limit(body: Json, _returns: Json) -> Json:
    limit = body["max_tokens"]
    rest = {key: value for key, value in body.items() if key != "max_tokens"}
    return rest | {"max_completion_tokens": limit}


def _older_limit(body: Json, _returns: Json) -> Json:
    limit = body["max_completion_tokens"]
    rest = {key: value for key, value in body.items() if key != "max_completion_tokens"}
    return rest | {"max_tokens": limit}


def _without_stream_options(body: Json, _returns: Json) -> Json:
    return {key: value for key, value in body.items() if key != "stream_options"}


def _schema_in_words(body: Json, returns: Json) -> Json:
    rest = {key: value for key, value in body.items() if key != "response_format"}
    schema = msgspec.json.encode(returns).decode()
    first = body["messages"][0]
    said = (
        f"{first['content']}\n\nAnswer with JSON that fits this JSON Schema, and with nothing else:\n{schema}"
    )
    return rest | {"messages": [first | {"content": said}]}


_CONCESSIONS: dict[str, Concession] = {
    "max_tokens": _other_limit,
    "max_completion_tokens": _older_limit,
    "temperature": _without_temperature,
    "stream_options": _without_stream_options,
    "response_format": _schema_in_words,
    "json_schema": _schema_in_words,
}
_NEEDS = {"json_schema": "response_format"}


def conceded(body: Json, refusal: str, returns: Json) -> Json | None:
    """Return the request without the field that a refusal names, or None when it names none of these."""
    for word, concede in _CONCESSIONS.items():
        if word in refusal and _NEEDS.get(word, word) in body:
            return concede(body, returns)
    return None
