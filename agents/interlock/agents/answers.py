"""Answers of language models: how they are read in the type that was asked for, and asked for again."""

import re
from typing import TypeVar

import msgspec

from interlock.agents.errors import EffectFailed, Unfit
from interlock.agents.shapes import Shape

T = TypeVar("T")

MOST_QUOTED_CHARS = 4_000
UNFIT_WORDS = ("does not fit", "is not JSON")

_FENCE = re.compile(r"\s*```(?:json)?\s*\n(.*?)\n?\s*```\s*", re.DOTALL)


def read_text(value: bytes) -> str:
    """Return a text answer; what is not a JSON string is returned as the JSON it is."""
    try:
        return msgspec.json.decode(value, type=str)
    except msgspec.DecodeError:
        return value.decode()


def read_answer(value: bytes, shape: Shape[T]) -> T:
    """Read an answer; also one that came as text with the JSON in it, as from models without schemas.

    Raises Unfit with the answer's text.
    """
    try:
        return shape.from_json(value)
    except Unfit as error:
        text = read_text(value)
        fenced = _FENCE.fullmatch(text)
        inner = (fenced[1] if fenced else text).encode()
        if inner == value:
            raise Unfit(str(error), answer=text) from error
    try:
        return shape.from_json(inner)
    except Unfit as error:
        raise Unfit(str(error), answer=text) from error


def was_unfit(error: EffectFailed) -> bool:
    """Whether an effect worker, which checks answers too, gave this one up because it did not fit."""
    return not error.transient and any(words in str(error) for words in UNFIT_WORDS)


def repair_prompt(prompt: str, error: Unfit) -> str:
    """Return the prompt of the one repair attempt: the question, the answer if known, what is wrong."""
    shown = f"Your last answer was:\n\n{error.answer[:MOST_QUOTED_CHARS]}\n\n" if error.answer else ""
    return (
        f"{prompt}\n\n{shown}Your last answer does not fit the schema: {error}\n"
        "Answer again with JSON that fits the schema, and with nothing else."
    )
