"""The tool that finds passages in the task's documents; what they answer is not its matter."""

from typing import Annotated

from pydantic import Field

from interlock.effects.tools.docs import docs_folder, plainly
from interlock.effects.tools.shelf import SHELF
from interlock.effects.tools.tool import Place, Strict, Tool, Traits

QUERY_CHARS_MAX = 2_000
HITS_MAX = 50
_ANSWER_CHARS_MAX = 150_000


class Search(Strict):
    """What is looked for, in words or names; any string will do."""

    query: Annotated[str, Field(min_length=1, max_length=QUERY_CHARS_MAX)]
    limit: Annotated[int, Field(ge=1, le=HITS_MAX)] = 10


class FoundPassage(Strict):
    """A passage, whole: `line` is where it begins, `score` compares within one search only."""

    file: str
    line: int
    last_line: int
    heading: str
    text: str
    score: float
    page: int | None = None


class FoundTerm(Strict):
    """In how many passages a word of the query stands, in any inflection."""

    term: str
    passages: int


class Found(Strict):
    """Passages, best first; how rare each content word is; of how many passages there are."""

    hits: tuple[FoundPassage, ...]
    terms: tuple[FoundTerm, ...]
    passages: int


def _search(asked: Search, place: Place) -> Found:
    with plainly():
        results = SHELF.search(docs_folder(place.docs, place.roots), place.cache, asked.query, asked.limit)
    hits: list[FoundPassage] = []
    room = _ANSWER_CHARS_MAX
    for hit in results.hits:
        room -= len(hit.text)
        if room < 0:
            break
        hits.append(
            FoundPassage(
                file=hit.file,
                line=hit.line,
                last_line=hit.last_line,
                heading=" > ".join(hit.heading),
                text=hit.text,
                score=hit.score,
                page=hit.page,
            )
        )
    terms = tuple(FoundTerm(term=term.term, passages=term.passages) for term in results.terms)
    return Found(hits=tuple(hits), terms=terms, passages=results.passages)


SEARCH = Tool(
    "search",
    _search,
    asks=Search,
    tells=Found,
    traits=Traits(risk="read", repeatable=True, untrusted=True),
    description="Find the passages of the task's documents that fit a query, best first.",
)
