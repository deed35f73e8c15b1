"""What speaks for a stretch of text as the answer to a question, as numbers; the weights are the only opinion here.

The weights were chosen on questions about one large manual and checked on others that took no part in choosing
(tests/effects/offline/questions.toml); no feature knows that manual.
"""

import re
from collections.abc import Mapping, Sequence, Set as AbstractSet
from pathlib import PurePosixPath

import msgspec

from interlock.effects.documents.ranking import is_history, likeness
from interlock.effects.documents.stems import stem
from interlock.effects.documents.terms import Query, Term, written_in
from interlock.effects.documents.types import Hit
from interlock.effects.documents.words import STOP_WORDS, name_words, stems, words
from interlock.effects.offline.question import kind_of_question
from interlock.effects.offline.sentences import Form

WEIGHTS: Mapping[str, float] = {
    "fit": 1.0,
    "even": 0.3,
    "near": 0.2,
    "standing": 0.4,
    "density": 0.2,
    "heading": 0.35,
    "title": 0.1,
    "file": 0.15,
    "defined": 0.1,
    "named": 0.15,
    "opening": 0.15,
    "leading": 0.05,
    "verb": 0.1,
    "sentence": 0.15,
    "code": -0.15,
    "cue": 0.08,
    "history": -0.3,
    "changed": -0.2,
    "short": -0.1,
}
CUES: Mapping[str, re.Pattern[str]] = {
    "why": re.compile(r"\bbecause\b|\bsince\b|\bso that\b|\breasons?\b|\btherefore\b|\bthis means\b", re.IGNORECASE),
    "count": re.compile(r"\d|\b(?:one|two|three|four|five|number)\b", re.IGNORECASE),
    "when": re.compile(r"\b(?:if|when|once|while)\b", re.IGNORECASE),
    "how": re.compile(r"\b(?:use|using|by|call|to)\b|\(\)"),
}
CHANGED = re.compile(r"(?:changed|new|added|deprecated|removed) (?:in|since) (?:version )?v?\d", re.IGNORECASE)
SHORT_WORDS = 5
NEAR_WORDS = 3
CONTENT_WORDS_MIN = 5


class Place(msgspec.Struct, frozen=True):
    """The words around a stretch of text: its passage, its headings and names, its path."""

    hit: Hit
    passage: frozenset[str]
    heading: frozenset[str]
    path: frozenset[str]
    standing: float


class Stretch(msgspec.Struct, frozen=True):
    """A stretch of a hit's text that may be quoted, its paragraph, and where in the passage it stands."""

    text: str
    paragraph: str
    form: Form
    opening: bool
    leading: bool


def place_of(hit: Hit, standing: float) -> Place:
    """Collect the words around; `standing` is the hit's score beside the best one's, 0 to 1."""
    spelled = [part for symbol in hit.symbols for part in stems(name_words(symbol))]
    return Place(
        hit=hit,
        passage=frozenset(stems(hit.text)),
        heading=frozenset([*stems(" ".join(hit.heading)), *spelled]),
        path=frozenset(stems(name_words(PurePosixPath(hit.file).stem))),
        standing=standing,
    )


def coverage(
    terms: Sequence[Term], own: AbstractSet[str], around: AbstractSet[str], place: Place
) -> tuple[float, float, float]:
    """Tell how much of the question is covered: in the place at all by weight, the same by count, and how closely."""
    total = sum(term.weight for term in terms) or 1.0
    covered = even = fit = 0.0
    for term in terms:
        near, close = _term_coverage(term, own, around, place)
        covered += term.weight * near
        even += near
        fit += term.weight * close
    return covered / total, even / max(len(terms), 1), fit / total


def _term_coverage(
    term: Term, own: AbstractSet[str], around: AbstractSet[str], place: Place
) -> tuple[float, float]:
    if term.held_by(own):
        return 1.0, 1.0
    if term.held_by(place.heading):
        return 1.0, 0.75
    if term.meant_by(own):
        return 0.8, 0.7
    if term.held_by(around):
        return 0.9, 0.65
    if term.meant_by(place.heading):
        return 0.7, 0.5
    if term.held_by(place.passage):
        return 0.7, 0.4
    if term.held_by(place.path):
        return 0.7, 0.35
    return (0.4, 0.2) if term.meant_by(place.passage) else (0.0, 0.0)


def features(asked: Query, place: Place, stretch: Stretch) -> tuple[dict[str, float], float]:
    """Measure a stretch; gives the features by name, and the share of the question that its place covers."""
    body = stems(stretch.text)
    own = frozenset(body)
    covered, even, fit = coverage(asked.terms, own, frozenset(stems(stretch.paragraph)), place)
    content = {word for word in words(stretch.text) if word not in STOP_WORDS}
    matched = sum(term.held_by(own) or term.meant_by(own) for term in asked.terms)
    cue = CUES.get(kind_of_question(asked.text))
    headings = place.hit.heading
    measured = {
        "fit": fit,
        "even": even,
        "near": _nearness(asked, body),
        "standing": place.standing,
        "density": matched / max(len(content), CONTENT_WORDS_MIN),
        "heading": likeness(asked, headings[-1]) if headings else 0.0,
        "title": likeness(asked, headings[0]) if headings else 0.0,
        "file": float(any(term.held_by(place.path) for term in asked.terms)),
        "defined": float(_defines(asked, place.hit)),
        "named": _named(asked, stretch.text, place.hit),
        "opening": float(stretch.opening),
        "leading": float(stretch.leading),
        "verb": float(bool(body) and any(body[0] == term.stem or body[0] in term.others for term in asked.terms)),
        "sentence": float(stretch.form == "sentence"),
        "code": float(stretch.form == "code"),
        "cue": float(cue is not None and cue.search(stretch.text) is not None),
        "history": float(not asked.history and is_history(place.hit.file)),
        "changed": float(not asked.history and CHANGED.search(stretch.text) is not None),
        "short": float(len(body) < SHORT_WORDS),
    }
    return measured, (covered + even) / 2


def weigh(measured: Mapping[str, float]) -> float:
    """Put the features together."""
    return sum(WEIGHTS[name] * value for name, value in measured.items())


def _nearness(asked: Query, body: Sequence[str]) -> float:
    """Tell which share of the question's neighbouring words stand together in the text as well."""
    if not asked.neighbours:
        return 0.0
    at: dict[str, list[int]] = {}
    for place, word in enumerate(body):
        at.setdefault(word, []).append(place)
    close = sum(
        any(abs(b - a) <= NEAR_WORDS for a in at.get(left, ()) for b in at.get(right, ()) if a != b)
        for left, right in asked.neighbours
    )
    return close / len(asked.neighbours)


def _defines(asked: Query, hit: Hit) -> bool:
    """Tell whether the passage defines something that the question names, by its last part at least."""
    for symbol in hit.symbols:
        parts = tuple(words(symbol))
        if parts and any(parts[-len(name) :] == name or name[-len(parts) :] == parts for name in asked.names):
            return True
        if parts and any(term.stem == stem(parts[-1]) for term in asked.terms):
            return True
    return False


def _named(asked: Query, text: str, hit: Hit) -> float:
    """Tell which share of the names in the question stand in the text, or in the heading, exactly as written."""
    if not asked.literals:
        return 0.0
    around = f"{text} {' '.join(hit.heading[-1:])} {' '.join(hit.symbols)}"
    return sum(written_in(literal, around) for literal in asked.literals) / len(asked.literals)
