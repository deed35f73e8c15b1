"""What speaks for a stretch of text as the answer to a question, as numbers; the weights are the only opinion here.

The weights were tuned on questions about one large manual and checked on others that took no part in the tuning
(tests/effects/offline/questions.toml); no feature knows that manual.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

import msgspec

from interlock.effects.documents.ranking import is_history
from interlock.effects.documents.stems import stem
from interlock.effects.documents.types import Hit
from interlock.effects.documents.words import STOP_WORDS, name_words, stems, words
from interlock.effects.offline.question import Question, Term
from interlock.effects.offline.sentences import Form, Span

WEIGHTS: Mapping[str, float] = {
    "fit": 1.0,
    "standing": 0.35,
    "density": 0.25,
    "near": 0.2,
    "opening": 0.12,
    "verb": 0.1,
    "sentence": 0.1,
    "code": -0.15,
    "cue": 0.1,
    "history": -0.25,
    "file": 0.1,
    "defined": 0.1,
    "spans": -0.05,
    "short": -0.1,
}
CUES: Mapping[str, re.Pattern[str]] = {
    "why": re.compile(r"\bbecause\b|\bsince\b|\bso that\b|\breasons?\b|\btherefore\b|\bthis means\b", re.IGNORECASE),
    "count": re.compile(r"\d|\b(?:one|two|three|four|five|number)\b", re.IGNORECASE),
    "when": re.compile(r"\b(?:if|when|once|while)\b", re.IGNORECASE),
    "how": re.compile(r"\b(?:use|using|by|call|to)\b|\(\)"),
}
CHANGED = re.compile(r"(?:Changed in|New in|Added in|Deprecated since|Removed in) version|Deprecated since", re.IGNORECASE)
SHORT_WORDS = 5
NEAR_WORDS = 3


class Place(msgspec.Struct, frozen=True):
    """The words around a stretch of text: its passage, its headings and names, its path."""

    hit: Hit
    passage: frozenset[str]
    heading: frozenset[str]
    path: frozenset[str]
    defined: frozenset[tuple[str, ...]]
    standing: float


def place_of(hit: Hit, standing: float) -> Place:
    """Collect the words around; `standing` is the hit's score beside the best one's, 0 to 1."""
    spelled = [part for symbol in hit.symbols for part in stems(name_words(symbol))]
    return Place(
        hit=hit,
        passage=frozenset(stems(hit.text)),
        heading=frozenset([*stems(" ".join(hit.heading)), *spelled]),
        path=frozenset(stems(name_words(PurePosixPath(hit.file).stem))),
        defined=frozenset(tuple(words(symbol)) for symbol in hit.symbols),
        standing=standing,
    )


def holds(have: frozenset[str], term: Term) -> bool:
    """Tell whether words hold a term, whole or spelled out (`TaskGroup` as `task group`)."""
    return term.stem in have or (bool(term.parts) and term.parts <= have)


def coverage(terms: Sequence[Term], own: frozenset[str], place: Place) -> tuple[float, float]:
    """Tell which share of the question's weight is covered in the place at all, and how closely by the text itself."""
    total = sum(term.weight for term in terms) or 1.0
    covered = fit = 0.0
    for term in terms:
        near, close = _term_coverage(term, own, place)
        covered += term.weight * near
        fit += term.weight * close
    return covered / total, fit / total


def _term_coverage(term: Term, own: frozenset[str], place: Place) -> tuple[float, float]:
    if holds(own, term):
        return 1.0, 1.0
    if holds(place.heading, term):
        return 1.0, 0.75
    if not own.isdisjoint(term.others):
        return 0.8, 0.7
    if not place.heading.isdisjoint(term.others):
        return 0.7, 0.5
    if holds(place.passage, term):
        return 0.7, 0.4
    if term.stem in place.path:
        return 0.7, 0.35
    return (0.4, 0.2) if not place.passage.isdisjoint(term.others) else (0.0, 0.0)


def features(asked: Question, place: Place, window: Sequence[Span], *, opening: bool) -> tuple[dict[str, float], float]:
    """Measure a window of spans; gives the features by name, and the coverage."""
    text = place.hit.text[window[0].start : window[-1].end]
    body = stems(text)
    own = frozenset(body)
    covered, fit = coverage(asked.terms, own, place)
    content = [word for word in dict.fromkeys(words(text)) if word not in STOP_WORDS]
    matched = sum(holds(own, term) or not own.isdisjoint(term.others) for term in asked.terms)
    form: Form = window[0].form
    cue = CUES.get(asked.kind)
    measured = {
        "fit": fit,
        "standing": place.standing,
        "density": matched / max(len(content), 4),
        "near": _nearness(asked, body),
        "opening": float(opening),
        "verb": float(_begins_with_verb(asked, body)),
        "sentence": float(form == "sentence"),
        "code": float(form == "code"),
        "cue": float(cue is not None and cue.search(text) is not None),
        "history": float(not asked.history and (is_history(place.hit.file) or CHANGED.search(text) is not None)),
        "file": float(any(term.stem in place.path for term in asked.terms)),
        "defined": float(_defines(asked, place)),
        "spans": float(len(window) - 1),
        "short": float(len(body) < SHORT_WORDS),
    }
    return measured, covered


def weigh(measured: Mapping[str, float]) -> float:
    """Put the features together."""
    return sum(WEIGHTS[name] * value for name, value in measured.items())


def _nearness(asked: Question, body: list[str]) -> float:
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


def _begins_with_verb(asked: Question, body: list[str]) -> bool:
    return bool(body) and any(body[0] == term.stem or body[0] in term.others for term in asked.terms)


def _defines(asked: Question, place: Place) -> bool:
    """Tell whether the passage defines something that the question names, by its last part at least."""
    for symbol in place.defined:
        if any(symbol[-len(name) :] == name or name[-len(symbol) :] == symbol for name in asked.names if symbol):
            return True
        if symbol and any(term.stem == stem(symbol[-1]) for term in asked.terms):
            return True
    return False
