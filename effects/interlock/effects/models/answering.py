"""The offline reasoner's other purposes: what to search for, an answer, the order of a report, a judgement.

They work on the call's data; only the rarity of words and the names in passages are looked up in the index.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from interlock.contracts.limits import MAX_CRITERIA, MAX_LINE_CHARS
from interlock.contracts.message import Json
from interlock.contracts.roles import Claim
from interlock.effects.documents.types import Hit, Results
from interlock.effects.offline import check, queries, select
from interlock.effects.offline.types import Citation as OfflineCitation
from interlock.effects.offline.types import Claim as OfflineClaim
from interlock.effects.tools.shelf import SHELF

QUERIES_MAX = 3
QUERY_CHARS_MAX = 100
LOOKED_UP = 40
HEADING_SEPARATOR = " > "
NOT_SAID = "The documents do not say."


class Library(msgspec.Struct, frozen=True):
    """The task's documents (None: there are none), to look up what the call's data leaves out."""

    folder: Path | None
    cache: Path

    def look_up(self, question: str) -> Results:
        """Search for a question; without documents nothing is found."""
        return (
            SHELF.search(self.folder, self.cache, question, LOOKED_UP) if self.folder else Results((), (), 0)
        )


class Question(msgspec.Struct, frozen=True):
    """The inputs of the purpose `queries`."""

    question: str


class Passage(msgspec.Struct, frozen=True):
    """A passage as the tool `search` gives it."""

    file: str
    line: int
    text: str
    heading: str = ""
    score: float = 0.0
    last_line: int = 0
    page: int | None = None


class Passages(msgspec.Struct, frozen=True):
    """The inputs of the purpose `answer`."""

    question: str
    passages: tuple[Passage, ...]


class NumberedClaim(msgspec.Struct, frozen=True):
    """A claim as a report names it."""

    number: int
    question: str = ""


class Material(msgspec.Struct, frozen=True):
    """The inputs of the purpose `report`."""

    claims: tuple[NumberedClaim, ...] = ()


class Work(msgspec.Struct, frozen=True):
    """The inputs of the purpose `review`."""

    claims: tuple[Claim, ...] = ()
    unanswered: tuple[str, ...] = ()


def search_queries(asked: Question) -> Json:
    """Return what is worth searching for, widest first."""
    found = [" ".join(query.split())[:QUERY_CHARS_MAX].strip() for query in queries(asked.question)]
    return {
        "queries": list(dict.fromkeys(query for query in found if len(query) > 1))[:QUERIES_MAX]
        or ["documents"]
    }


def answer(asked: Passages, library: Library) -> Json:
    """Quote what answers the question, or say why the documents do not."""
    known = library.look_up(asked.question)
    found = select(asked.question, _read(asked, known), known.terms, known.passages)
    claims = [
        {"text": claim.text, "citations": [_citation(citation) for citation in claim.citations]}
        for claim in found.claims
    ]
    return {"claims": claims, "unanswered": "" if claims else (found.abstained or NOT_SAID)[:MAX_LINE_CHARS]}


def report(asked: Material) -> Json:
    """Keep the claims of each question together, in the order in which they were asked and found."""
    places = {claim.question: place for place, claim in reversed(list(enumerate(asked.claims)))}
    ordered = sorted(asked.claims, key=lambda claim: places[claim.question])
    return {"order": [claim.number for claim in ordered], "summary": ""}


def review(asked: Work) -> Json:
    """Approve claims that their quotations carry; that these stand in their sources is checked elsewhere."""
    claims = [_offline(claim) for claim in asked.claims]
    evidence = [
        Hit(citation.file, citation.line, (), citation.quote, 1.0)
        for claim in asked.claims
        for citation in claim.citations
    ]
    verdict = check(claims, evidence)
    silent = f"; {len(asked.unanswered)} questions stay open, as it says" if asked.unanswered else ""
    carried = f"{len(claims)} claims are carried by their quotations{silent}." if claims else NOT_SAID
    return {
        "decision": verdict.decision,
        "reasons": list(verdict.reasons[: min(MAX_CRITERIA, 5)]),
        "note": carried if verdict.decision == "approve" else "Some claims say more than their quotations.",
    }


def _read(asked: Passages, known: Results) -> list[Hit]:
    """Read the passages given, and what else was found in their files: no other file may be cited."""
    files = {one.file for one in asked.passages}
    hits = [hit for hit in known.hits if hit.file in files]
    found = {(hit.file, hit.line) for hit in hits}
    return [*hits, *(_hit(one) for one in asked.passages if (one.file, one.line) not in found)]


def _hit(passage: Passage) -> Hit:
    return Hit(
        file=passage.file,
        line=passage.line,
        heading=tuple(part for part in passage.heading.split(HEADING_SEPARATOR) if part),
        text=passage.text,
        score=passage.score,
        last_line=passage.last_line,
        page=passage.page,
    )


def _citation(citation: OfflineCitation) -> Json:
    page: Json = {} if citation.page is None else {"page": citation.page}
    return {"quote": citation.quote, "file": citation.file, "line": citation.line} | page


def _offline(claim: Claim) -> OfflineClaim:
    citations: Sequence[Any] = claim.citations
    return OfflineClaim(
        claim.text, tuple(OfflineCitation(one.file, one.line, one.quote, one.page) for one in citations), 1.0
    )
