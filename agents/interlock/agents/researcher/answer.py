"""What a model is asked to answer: claims with citations of the passages that it was shown."""

import msgspec

from interlock.agents.quotations import Passage
from interlock.contracts.message import Json
from interlock.contracts.roles import Claim

MOST_CLAIMS = 6
MOST_SHOWN_CHARS = 3_000


class Queries(msgspec.Struct, frozen=True):
    """What to search for."""

    queries: tuple[str, ...]


class Answer(msgspec.Struct, frozen=True):
    """An answer as a model gives it; the effect worker counts the false quotations that it took out."""

    claims: tuple[Claim, ...] = ()
    unanswered: str = ""
    discarded_quotes: int = 0


def queries_schema() -> Json:
    """Return the schema of Queries, with few of them; as below, no lengths, which guided decoding unrolls."""
    query = {"type": "string"}
    return {
        "type": "object",
        "properties": {"queries": {"type": "array", "items": query, "minItems": 1, "maxItems": 3}},
        "required": ["queries"],
    }


def answer_schema(passages: tuple[Passage, ...]) -> Json:
    """Return the schema of an answer in which only the files that were shown can be cited."""
    citation = {
        "type": "object",
        "properties": {
            "quote": {"type": "string", "minLength": 1},
            "file": {"type": "string", "enum": sorted({passage.file for passage in passages})},
            "line": {"type": "integer", "minimum": 1},
        },
        "required": ["quote", "file", "line"],
    }
    claim = {
        "type": "object",
        "properties": {
            "text": {"type": "string", "minLength": 1},
            "citations": {"type": "array", "items": citation, "maxItems": 4},
        },
        "required": ["text", "citations"],
    }
    return {
        "type": "object",
        "properties": {
            "claims": {"type": "array", "items": claim, "maxItems": MOST_CLAIMS},
            "unanswered": {"type": "string"},
        },
        "required": ["claims", "unanswered"],
    }


def shown(passages: tuple[Passage, ...]) -> str:
    """Return the passages as a model reads them, each under its file, line and headings."""
    return "\n\n".join(map(_shown, passages))


def _shown(passage: Passage) -> str:
    return (
        f"## file: {passage.file} · line: {passage.line}\n"
        f"{passage.heading}\n\n{passage.text[:MOST_SHOWN_CHARS]}"
    )
