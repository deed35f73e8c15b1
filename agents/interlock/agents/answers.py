"""Answers of language models: read in the type that was asked for, and the words that ask for a better one."""

import re
from typing import TypeVar

import msgspec

from interlock.agents.errors import Unfit
from interlock.agents.shapes import Shape

T = TypeVar("T")

MOST_QUOTED_CHARS = 4_000

_FENCE = re.compile(r"\s*```(?:json)?\s*\n(.*?)\n?\s*```\s*", re.DOTALL)


def read_text(value: bytes) -> str:
    """Return a text answer; what is not a JSON string is returned as the JSON it is."""
    try:
        return msgspec.json.decode(value, type=str)
    except msgspec.DecodeError:
        return value.decode()


def read_answer(value: bytes, shape: Shape[T]) -> T:
    """Read an answer; also one that came as text with the JSON in it, as from models without schemas.

    Raises Unfit.
    """
    try:
        return shape.from_json(value)
    except Unfit:
        text = _text(value)
        if text is None:
            raise
    fenced = _FENCE.fullmatch(text)
    return shape.from_json((fenced[1] if fenced else text).encode())


def repair_prompt(prompt: str, value: bytes, error: Unfit) -> str:
    """Return the prompt of the one repair attempt: the question, the answer, what is wrong with it."""
    answer = read_text(value)[:MOST_QUOTED_CHARS]
    return (
        f"{prompt}\n\nYour last answer was:\n\n{answer}\n\n"
        f"It does not fit the schema: {error}\n"
        "Answer again with JSON that fits the schema, and with nothing else."
    )


def _text(value: bytes) -> str | None:
    try:
        return msgspec.json.decode(value, type=str)
    except msgspec.DecodeError:
        return None
