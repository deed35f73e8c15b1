"""Several searches for one question put together: each passage once, the best first."""

from collections.abc import Sequence

from interlock.effects.documents.types import Hit, Results, TermCount


def merged(results: Sequence[Results]) -> tuple[list[Hit], list[TermCount], int]:
    """Merge searches; the order of the first is kept, later ones add what it did not find."""
    hits: dict[tuple[str, int, str], Hit] = {}
    counts: dict[str, TermCount] = {}
    for result in results:
        for hit in result.hits:
            hits.setdefault((hit.file, hit.line, hit.text[:80]), hit)
        for count in result.terms:
            counts.setdefault(count.term, count)
    return list(hits.values()), list(counts.values()), max((result.passages for result in results), default=0)
