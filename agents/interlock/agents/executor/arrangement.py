"""The arrangement: the two things in a report that a model may choose, and how claims bound them."""

import re

import msgspec

from interlock.contracts.message import Json

MOST_SUMMARY_CHARS = 1_200

_SENTENCE = re.compile(r".+?(?:[.!?](?:\s*\[\d+\])*(?=\s|$)|$)", re.DOTALL)
_REFERENCE = re.compile(r"\[(\d+)\]")


class Arrangement(msgspec.Struct, frozen=True):
    """The claims' numbers (1 is the first) in reading order, and a summary that refers to them as [1]."""

    order: tuple[int, ...] = ()
    summary: str = ""


def arrangement_schema(claims: int) -> Json:
    """Return the schema of an Arrangement of so many claims."""
    number = {"type": "integer", "minimum": 1, "maximum": claims}
    return {
        "type": "object",
        "properties": {
            "order": {"type": "array", "items": number, "maxItems": claims},
            "summary": {"type": "string"},
        },
        "required": ["order", "summary"],
    }


def reading_order(arrangement: Arrangement, claims: int) -> list[int]:
    """Return the claims' numbers, those that the arrangement names first; none is lost, none comes twice."""
    named = [number for number in arrangement.order if 1 <= number <= claims]
    return list(dict.fromkeys([*named, *range(1, claims + 1)]))


def grounded_summary(arrangement: Arrangement, order: list[int]) -> str:
    """Return the summary with the claims numbered as in `order`; empty unless each sentence names some."""
    places = {number: place for place, number in enumerate(order, 1)}
    summary = " ".join(arrangement.summary.split())
    for sentence in _SENTENCE.findall(summary):
        numbers = [int(number) for number in _REFERENCE.findall(sentence)]
        if not numbers or any(number not in places for number in numbers):
            return ""
    if len(summary) > MOST_SUMMARY_CHARS:
        return ""
    return _REFERENCE.sub(lambda match: f"[{places[int(match[1])]}]", summary)
