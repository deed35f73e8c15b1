"""What the offline reasoner takes and gives; plain data, without identities, subjects or budgets."""

from typing import Literal

import msgspec


class SubQuestion(msgspec.Struct, frozen=True):
    """One question that can be answered by itself, its subject spelled out."""

    text: str
    subject: str = ""


class Citation(msgspec.Struct, frozen=True):
    """An exact substring of a document's canonical text, and the raw line at which it begins (1-based)."""

    file: str
    line: int
    quote: str
    page: int | None = None


class Claim(msgspec.Struct, frozen=True):
    """A statement taken from the documents: `text` is a sentence of the quotation; `confidence` is 0 to 1."""

    text: str
    citations: tuple[Citation, ...]
    confidence: float


class Findings(msgspec.Struct, frozen=True):
    """The answer to one question: claims, best first; without claims `abstained` says why, for people."""

    question: str
    claims: tuple[Claim, ...] = ()
    abstained: str = ""
    confidence: float = 0.0


class Section(msgspec.Struct, frozen=True):
    """A part of the report: a question and the claims that answer it, in the order in which they are read."""

    heading: str
    claims: tuple[Claim, ...]
    abstained: str = ""


class Outline(msgspec.Struct, frozen=True):
    """The order of a report: the questions as asked, each with its claims, and a summary sentence."""

    title: str
    summary: str
    sections: tuple[Section, ...]


class Verdict(msgspec.Struct, frozen=True):
    """What the check of a report found; `approve` has no reasons, `revise` has one for each defect."""

    decision: Literal["approve", "revise"]
    reasons: tuple[str, ...] = ()
