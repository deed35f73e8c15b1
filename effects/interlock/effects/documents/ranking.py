"""Which passage comes first: what it covers, what it is about, where it stands; only the weights are opinion.

The weights were fitted to questions about one large manual (tests/effects/offline/questions.toml) and checked
on questions that took no part; no measure knows that manual.
"""

import math
from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from interlock.effects.documents.headings import (
    SYNONYM_WORTH,
    heading_stems,
    is_guide,
    is_history,
    is_inside,
    likeness,
    popularity,
    topic,
    unasked,
)
from interlock.effects.documents.meanings import Floats, meanings
from interlock.effects.documents.stems import stem
from interlock.effects.documents.terms import Query, Term, understand, written_in
from interlock.effects.documents.types import Hit, TermCount
from interlock.effects.documents.words import stems, words

WEIGHTS: Mapping[str, float] = {
    "covered": 4.14,
    "even": 4.54,
    "near": 0.59,
    "name": 8.83,
    "length": 8.27,
    "heading": 4.38,
    "title": -0.69,
    "topic": 2.58,
    "popular": 0.62,
    "qualified": -0.15,
    "cited": 0.4,
    "guide": 1.71,
    "guide_how": 0.65,
    "guide_why": 3.83,
    "inside": -2.74,
    "symbol": -0.11,
    "deep": -1.72,
    "history": -1.67,
    "bm25": 2.02,
    "meaning": 3.74,
    "title_meaning": 1.23,
    "opening_meaning": 3.04,
    "consensus": 1.54,
}
HEADING_WORTH = 0.7
TITLE_WORTH = 0.5
SYMBOL_BONUS = 0.35
LITERAL_BONUS = 0.2
FLAG_BONUS = 1.0
NEAR_WORDS = 12
PLACES_MAX = 8
OPENING_CHARS = 300
CONSENSUS_SHARPNESS = 12.0
DEEP_HEADINGS = 4
LONG_LOG = 7.0
# A passage whose sum of measures is lower by this much has a score lower by the factor e.
SPREAD = 5.0


class Candidate(msgspec.Struct, frozen=True):
    """A passage that was found by its words or its meaning, with the title and path of its file in words."""

    hit: Hit
    title: str


def rank(
    query: str, candidates: Sequence[Candidate], counts: Sequence[TermCount], passages: int
) -> list[Hit]:
    """Order candidates, best first; the best has the score 1, the others have less."""
    if not candidates:
        return []
    asked = understand(query, counts, passages)
    sums = [
        sum(WEIGHTS[name] * value for name, value in measured.items())
        for measured in measures(asked, candidates)
    ]
    top = max(sums)
    hits = [
        msgspec.structs.replace(candidate.hit, score=round(math.exp((total - top) / SPREAD), 6))
        for candidate, total in zip(candidates, sums, strict=True)
    ]
    return sorted(hits, key=lambda hit: (-hit.score, hit.file, hit.line))


def measures(asked: Query, candidates: Sequence[Candidate]) -> list[dict[str, float]]:
    """Measure what speaks for each candidate."""
    best = max(candidate.hit.score for candidate in candidates) or 1.0
    agreed = _agreed([candidate.hit for candidate in candidates])
    (direction,) = meanings([asked.text])
    titles = _about(direction, [" ".join(one.hit.heading[:1]) for one in candidates])
    openings = _about(direction, [one.hit.text[:OPENING_CHARS] for one in candidates])
    return [
        {
            **_words_of(asked, candidate),
            **_place_of(asked, candidate),
            "bm25": candidate.hit.score / best,
            "meaning": candidate.hit.meant,
            "title_meaning": titles[place],
            "opening_meaning": openings[place],
            "consensus": agreed[candidate.hit.file],
        }
        for place, candidate in enumerate(candidates)
    ]


def _about(direction: Floats, texts: Sequence[str]) -> list[float]:
    """Tell how near each text is to a direction; many texts occur more than once."""
    several = list(dict.fromkeys(texts))
    near = dict(zip(several, (meanings(several) @ direction).tolist(), strict=True))
    return [near[text] for text in texts]


def _agreed(hits: Sequence[Hit]) -> dict[str, float]:
    """Tell for each file how much of what is near in meaning stands in it, beside the file with the most."""
    top = max(hit.meant for hit in hits)
    sums: dict[str, float] = {}
    for hit in hits:
        sums[hit.file] = sums.get(hit.file, 0.0) + float(np.exp(CONSENSUS_SHARPNESS * (hit.meant - top)))
    most = max(sums.values())
    return {file: total / most for file, total in sums.items()}


def _words_of(asked: Query, candidate: Candidate) -> dict[str, float]:
    """Measure which words of the query the passage holds, and how near to each other."""
    hit = candidate.hit
    places: dict[str, list[int]] = {}
    for place, word in enumerate(stems(hit.text)):
        places.setdefault(word, []).append(place)
    heading, title = heading_stems(hit), set(stems(candidate.title))
    worths = [_worth(term, places, heading, title) for term in asked.terms]
    total = sum(term.weight for term in asked.terms) or 1.0
    return {
        "covered": sum(term.weight * worth for term, worth in zip(asked.terms, worths, strict=True)) / total,
        "even": sum(worths) / (len(worths) or 1),
        "near": _nearness(asked, places),
        "name": _name_bonus(hit, asked),
        "length": math.log1p(len(hit.text)) / LONG_LOG,
    }


def _place_of(asked: Query, candidate: Candidate) -> dict[str, float]:
    """Measure where the passage stands: under which headings, in what kind of document."""
    hit = candidate.hit
    about = topic(asked, hit)
    guide = float(is_guide(hit.file))
    return {
        "heading": likeness(asked, hit.heading[-1]) if hit.heading else 0.0,
        "title": likeness(asked, hit.heading[0]) if hit.heading else 0.0,
        "topic": about,
        "popular": popularity(asked, hit),
        "qualified": unasked(asked, hit),
        "cited": math.log1p(hit.cited),
        "guide": guide,
        "guide_how": guide * (asked.kind == "how"),
        "guide_why": guide * (asked.kind == "why"),
        "inside": float(is_inside(hit.file) and not asked.inside),
        "symbol": float(bool(hit.symbols)),
        "deep": len(hit.heading) / DEEP_HEADINGS,
        "history": float(not asked.history and is_history(hit.file)),
    }


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
        elif all(stem(part) in stems_asked for part in parts) or (
            asked.kind == "define" and stem(parts[-1]) in stems_asked
        ):
            bonus = max(bonus, SYMBOL_BONUS * 0.6)
    if asked.literals:
        found = sum(written_in(literal, hit.text) for literal in asked.literals)
        bonus += LITERAL_BONUS * found / len(asked.literals)
    return bonus
