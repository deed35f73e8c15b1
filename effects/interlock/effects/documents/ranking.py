"""Which candidate passage comes first: coverage of rare words, names defined, nearness; pure arithmetic on words."""

import math
import re
from collections.abc import Iterable, Sequence

import msgspec

from interlock.effects.documents.stems import stem
from interlock.effects.documents.synonyms import synonyms
from interlock.effects.documents.types import Hit, TermCount
from interlock.effects.documents.words import content_words, identifiers, name_words, stems, words

SYNONYM_WORTH = 0.6
HEADING_WORTH = 0.7
TITLE_WORTH = 0.5
SYMBOL_BONUS = 0.35
NEAR_BONUS = 0.25
NEAR_WORDS = 12
BM25_WORTH = 0.25
HISTORY_PENALTY = 0.7
HISTORY = re.compile(r"whatsnew|what.?s.?new|changelog|changes|release.?notes|news|history", re.IGNORECASE)
ASKS_HISTORY = re.compile(r"\bnew\b|\bchange[sd]?\b|\bchangelog\b|\brelease|\bversion\b|\bsince\b|\bnews\b|\badded\b", re.IGNORECASE)


class Candidate(msgspec.Struct, frozen=True):
    """A passage that FTS5 found, with the title and the words of the path of its file."""

    hit: Hit
    title: str


class Weights:
    """How much each word of the query weighs, by its rarity (inverse document frequency)."""

    def __init__(self, counts: Iterable[TermCount], passages: int) -> None:
        self._weights = {
            count.term: math.log(1 + (passages + 1) / (count.passages + 1)) for count in counts
        }
        self._unknown = math.log(2 + passages)

    def of(self, term: str) -> float:
        """Tell the weight of a content word."""
        return self._weights.get(term, self._unknown)


def is_history(file: str) -> bool:
    """Tell by its path whether a file lists changes rather than explaining."""
    return HISTORY.search(file) is not None


def rank(query: str, candidates: Sequence[Candidate], counts: Sequence[TermCount], passages: int) -> list[Hit]:
    """Order candidates, best first; the score of each is about 0 to 2."""
    content = content_words(query)
    if not candidates or not content:
        return []
    weights = Weights(counts, passages)
    best = max(candidate.hit.score for candidate in candidates) or 1.0
    terms = [(stem(word), {stem(part) for other in synonyms(word) for part in words(other)}, weights.of(word)) for word in content]
    names = [words(name) for name in identifiers(query)]
    history = ASKS_HISTORY.search(query) is not None
    hits = [
        msgspec.structs.replace(
            candidate.hit,
            score=round(
                (_fit(candidate, terms, names) + BM25_WORTH * candidate.hit.score / best)
                * (1.0 if history or not is_history(candidate.hit.file) else HISTORY_PENALTY),
                4,
            ),
        )
        for candidate in candidates
    ]
    return sorted(hits, key=lambda hit: (-hit.score, hit.file, hit.line))


def _fit(candidate: Candidate, terms: list[tuple[str, set[str], float]], names: list[list[str]]) -> float:
    hit = candidate.hit
    body = stems(hit.text)
    places: dict[str, list[int]] = {}
    for place, word in enumerate(body):
        places.setdefault(word, []).append(place)
    heading = {*stems(" ".join(hit.heading)), *(part for symbol in hit.symbols for part in stems(name_words(symbol)))}
    title = set(stems(candidate.title))
    total = sum(weight for *_, weight in terms) or 1.0
    covered = sum(weight * _worth(word, others, places, heading, title) for word, others, weight in terms)
    near = _nearness([word for word, *_ in terms], places) * NEAR_BONUS
    return covered / total + near + _symbol_bonus(hit, names, terms)


def _worth(word: str, others: set[str], places: dict[str, list[int]], heading: set[str], title: set[str]) -> float:
    """Tell how well a passage holds a word: in its text, else in its heading, else in the title; both is best."""
    if word in places:
        return 1.15 if word in heading else 1.0
    if word in heading:
        return HEADING_WORTH
    if not others.isdisjoint(places) or not others.isdisjoint(heading):
        return SYNONYM_WORTH
    return TITLE_WORTH if word in title else 0.0


def _nearness(query: list[str], places: dict[str, list[int]]) -> float:
    """Tell which share of neighbouring words of the query stand near each other in the text, 0 to 1."""
    pairs = list(zip(query, query[1:], strict=False))
    if not pairs:
        return 0.0
    near = 0.0
    for left, right in pairs:
        gaps = [abs(b - a) for a in places.get(left, ())[:8] for b in places.get(right, ())[:8] if a != b]
        if gaps and min(gaps) <= NEAR_WORDS:
            near += 1.0 if min(gaps) <= 2 else 0.5
    return near / len(pairs)


def _symbol_bonus(hit: Hit, names: list[list[str]], terms: list[tuple[str, set[str], float]]) -> float:
    """Reward a passage that defines what the query names, fully or by its last part."""
    bonus = 0.0
    asked = {word for word, *_ in terms}
    for symbol in hit.symbols:
        parts = words(symbol)
        if any(parts == name or (len(name) < len(parts) and parts[-len(name) :] == name) for name in names):
            bonus = max(bonus, SYMBOL_BONUS)
        elif any(name[-len(parts) :] == parts for name in names if parts):
            bonus = max(bonus, SYMBOL_BONUS * 0.7)
        elif parts and all(stem(part) in asked for part in parts):
            bonus = max(bonus, SYMBOL_BONUS * 0.6)
    return bonus
