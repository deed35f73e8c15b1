"""Which passage comes first: coverage of rare words, names defined, nearness; arithmetic on words only."""

import re
from collections.abc import Mapping, Sequence

import msgspec

from interlock.effects.documents.stems import stem
from interlock.effects.documents.terms import Query, Term, understand, written_in
from interlock.effects.documents.types import Hit, TermCount
from interlock.effects.documents.words import STOP_WORDS, heading_words, name_words, stems, words

SYNONYM_WORTH = 0.6
HEADING_WORTH = 0.7
TITLE_WORTH = 0.5
SYMBOL_BONUS = 0.35
LITERAL_BONUS = 0.2
FLAG_BONUS = 1.0
HEADING_BONUS = 0.3
NEAR_BONUS = 0.25
NEAR_WORDS = 12
PLACES_MAX = 8
ALIKE_MIN = 0.75
BM25_WORTH = 0.25
HISTORY_PENALTY = 0.7
HISTORY = re.compile(r"whatsnew|what.?s.?new|changelog|changes|release.?notes|news|history", re.IGNORECASE)


class Candidate(msgspec.Struct, frozen=True):
    """A passage that FTS5 found, with the title and the words of the path of its file."""

    hit: Hit
    title: str


def is_history(file: str) -> bool:
    """Tell by its path whether a file lists changes rather than explaining."""
    return HISTORY.search(file) is not None


def heading_stems(hit: Hit) -> set[str]:
    """Collect the stems of the headings and names of a passage, without the parameters of signatures."""
    path = " ".join(heading_words(heading) for heading in hit.heading)
    return {*stems(path), *(part for symbol in hit.symbols for part in stems(name_words(symbol)))}


def likeness(query: Query, heading: str) -> float:
    """Tell how much a heading is the query itself: the harmonic mean of what each has of the other, 0 to 1.

    A heading in nearly the same words, small ones included, counts by these.
    """
    every = set(words(heading))
    alike = len(every & query.every) / (len(every | query.every) or 1)
    if alike >= ALIKE_MIN:
        return alike
    told = {stem(word) for word in words(heading_words(heading)) if word not in STOP_WORDS}
    worths = [1.0 if term.held_by(told) else SYNONYM_WORTH * term.meant_by(told) for term in query.terms]
    if not told or not any(worths):
        return 0.0
    total = sum(term.weight for term in query.terms) or 1.0
    recall = sum(term.weight * worth for term, worth in zip(query.terms, worths, strict=True)) / total
    precision = min(sum(worths) / len(told), 1.0)
    return 2 * recall * precision / (recall + precision) if recall else 0.0


def rank(
    query: str, candidates: Sequence[Candidate], counts: Sequence[TermCount], passages: int
) -> list[Hit]:
    """Order candidates, best first; the score of each is about 0 to 2."""
    asked = understand(query, counts, passages)
    best = max((candidate.hit.score for candidate in candidates), default=1.0) or 1.0
    hits: list[Hit] = []
    for candidate in candidates:
        score = _fit(candidate, asked) + BM25_WORTH * candidate.hit.score / best
        if not asked.history and is_history(candidate.hit.file):
            score *= HISTORY_PENALTY
        hits.append(msgspec.structs.replace(candidate.hit, score=round(score, 4)))
    return sorted(hits, key=lambda hit: (-hit.score, hit.file, hit.line))


def _fit(candidate: Candidate, asked: Query) -> float:
    hit = candidate.hit
    places: dict[str, list[int]] = {}
    for place, word in enumerate(stems(hit.text)):
        places.setdefault(word, []).append(place)
    heading = heading_stems(hit)
    title = set(stems(candidate.title))
    total = sum(term.weight for term in asked.terms) or 1.0
    covered = sum(term.weight * _worth(term, places, heading, title) for term in asked.terms)
    last = likeness(asked, hit.heading[-1]) if hit.heading else 0.0
    return (
        covered / total
        + NEAR_BONUS * _nearness(asked, places)
        + HEADING_BONUS * last
        + (last >= ALIKE_MIN)
        + _name_bonus(hit, asked)
    )


def _worth(term: Term, places: Mapping[str, list[int]], heading: set[str], title: set[str]) -> float:
    """Tell how well a passage holds a word: in its text, else in its heading, else in the title."""
    if term.held_by(places.keys()):
        return 1.15 if term.held_by(heading) else 1.0
    if term.held_by(heading):
        return HEADING_WORTH
    if term.meant_by(places.keys()) or term.meant_by(heading):
        return SYNONYM_WORTH
    return TITLE_WORTH if term.held_by(title) else 0.0


def _nearness(asked: Query, places: Mapping[str, list[int]]) -> float:
    """Tell which share of neighbouring words of the query stand near each other in the text, 0 to 1."""
    if not asked.neighbours:
        return 0.0
    near = 0.0
    for left, right in asked.neighbours:
        gaps = [
            abs(b - a)
            for a in places.get(left, ())[:PLACES_MAX]
            for b in places.get(right, ())[:PLACES_MAX]
            if a != b
        ]
        if gaps and min(gaps) <= NEAR_WORDS:
            near += 1.0 if min(gaps) <= 2 else 0.5
    return near / len(asked.neighbours)


def _name_bonus(hit: Hit, asked: Query) -> float:
    """Reward a passage that defines what the query names, or that names it literally."""
    bonus = 0.0
    stems_asked = {term.stem for term in asked.terms}
    for symbol in hit.symbols:
        parts = tuple(words(symbol))
        if not parts:
            continue
        if symbol in asked.flags:
            bonus = FLAG_BONUS
        elif symbol in asked.literals:
            bonus = max(bonus, SYMBOL_BONUS * 1.5)
        elif any(parts[-len(name) :] == name for name in asked.names):
            bonus = max(bonus, SYMBOL_BONUS)
        elif any(name[-len(parts) :] == parts for name in asked.names):
            bonus = max(bonus, SYMBOL_BONUS * 0.7)
        elif all(stem(part) in stems_asked for part in parts):
            bonus = max(bonus, SYMBOL_BONUS * 0.6)
    if asked.literals:
        found = sum(written_in(literal, hit.text) for literal in asked.literals)
        bonus += LITERAL_BONUS * found / len(asked.literals)
    return bonus
