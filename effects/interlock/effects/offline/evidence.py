"""Several searches for one question put together: each passage once, the best first."""

from collections.abc import Sequence

import msgspec

from interlock.effects.documents.types import Hit, Results, TermCount

LATER_SHARE = 0.9
TEXT_CHARS = 80


def merged(results: Sequence[Results]) -> tuple[list[Hit], list[TermCount], int]:
    """Merge searches: the first one's scores are kept, later ones add what it did not find, below it."""
    hits: dict[tuple[str, int, str], Hit] = {}
    counts: dict[str, TermCount] = {}
    top = max((hit.score for result in results[:1] for hit in result.hits), default=1.0)
    for result in results:
        own_top = max((hit.score for hit in result.hits), default=1.0) or 1.0
        scale = 1.0 if result is results[0] else LATER_SHARE * top / own_top
        for hit in result.hits:
            scaled = msgspec.structs.replace(hit, score=round(hit.score * scale, 4))
            hits.setdefault((hit.file, hit.line, hit.text[:TEXT_CHARS]), scaled)
        for count in result.terms:
            counts.setdefault(count.term, count)
    best_first = sorted(hits.values(), key=lambda hit: (-hit.score, hit.file, hit.line))
    return best_first, list(counts.values()), max((result.passages for result in results), default=0)
