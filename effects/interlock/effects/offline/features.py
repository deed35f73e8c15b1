"""What speaks for a stretch of text as the answer to a question, as numbers; only the weights are opinion.

The weights were chosen on questions about one large manual and checked on others that took no part in the
choice (tests/effects/offline/questions.toml); no feature knows that manual.
"""

import math
import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from pathlib import PurePosixPath

import msgspec

from interlock.effects.documents.ranking import ALIKE_MIN, heading_stems, is_history, likeness
from interlock.effects.documents.stems import stem
from interlock.effects.documents.terms import FLAG_WEIGHT, Query, Term, written_in
from interlock.effects.documents.types import Hit
from interlock.effects.documents.words import STOP_WORDS, name_words, stems, words
from interlock.effects.offline.question import kind_of_question
from interlock.effects.offline.sentences import Form

WEIGHTS: Mapping[str, float] = {
    "fit": 1.0,
    "even": 0.32,
    "focus": 0.22,
    "near": 0.39,
    "standing": 0.39,
    "consensus": 0.39,
    "density": 0.27,
    "heading": 0.54,
    "alike": 0.21,
    "title": 0.3,
    "file": 0.36,
    "defined": 0.11,
    "named": 0.26,
    "definition": 0.15,
    "renown": 0.15,
    "defining": 0.47,
    "pointer": -0.25,
    "opening": 0.17,
    "leading": 0.22,
    "verb": 0.06,
    "sentence": 0.16,
    "code": -0.23,
    "cue": 0.15,
    "history": -0.34,
    "changed": -0.14,
    "short": -0.12,
}
CUES: Mapping[str, re.Pattern[str]] = {
    "why": re.compile(
        r"\bbecause\b|\bsince\b|\bso that\b|\breasons?\b|\btherefore\b|\bthis means\b", re.IGNORECASE
    ),
    "count": re.compile(r"\d|\b(?:one|two|three|four|five|number)\b", re.IGNORECASE),
    "when": re.compile(r"\b(?:if|when|once|while)\b", re.IGNORECASE),
    "how": re.compile(r"\b(?:use|using|by|call|to)\b|\(\)"),
}
CHANGED = re.compile(
    r"(?:changed|new|added|deprecated|removed) (?:in|since) (?:version )?v?\d", re.IGNORECASE
)
POINTER = re.compile(
    r"(?:see|refer to|for (?:more|further|details|a |an |the )|cf\.?|the following|here) ", re.IGNORECASE
)
IS = re.compile(
    r"\s(?:is|are|means|mean|refers to|was|were)\s+(?:a|an|the|one|any|what|how|where|when|used)\s"
)
DETERMINER = re.compile(r"^\s*(?:a|an|the)\s", re.IGNORECASE)
HEADING_NEARNESS = 0.7
SHORT_WORDS = 5
RENOWN_MENTIONS = 100
NEAR_WORDS = 3
CONTENT_WORDS_MIN = 5
STRANGE_SHARE = 0.75
HISTORY_SHARE = 0.85
SUBSTANCE_MIN = 0.25


class Place(msgspec.Struct, frozen=True):
    """The words around a stretch of text: its passage, its headings and names, its path."""

    hit: Hit
    passage: frozenset[str]
    heading: frozenset[str]
    path: frozenset[str]
    standing: float
    consensus: float


class Stretch(msgspec.Struct, frozen=True):
    """A stretch of a hit's text that may be quoted, its paragraph, and where in the passage it stands."""

    text: str
    paragraph: str
    form: Form
    opening: bool
    leading: bool


def place_of(hit: Hit, standing: float = 0.0, consensus: float = 0.0) -> Place:
    """Collect the words around; `standing` is the hit's score beside the best, `consensus` its file's."""
    return Place(
        hit=hit,
        passage=frozenset(stems(hit.text)),
        heading=frozenset(heading_stems(hit)),
        path=frozenset(stems(name_words(PurePosixPath(hit.file).stem))),
        standing=standing,
        consensus=consensus,
    )


def coverage(asked: Query, text: str, paragraph: str, place: Place) -> tuple[float, float, float]:
    """Tell how much of the question the place covers, by weight, by count, and how closely the text."""
    own, around = frozenset(stems(text)), frozenset(stems(paragraph))
    covers = [
        (term.weight, 0.5 if term.weak else 1.0, *_term_coverage(term, own, around, place))
        for term in asked.terms
    ]
    above = " ".join((*place.hit.heading[-1:], *place.hit.symbols))
    for flag in asked.flags:
        here, there = written_in(flag, text), written_in(flag, above)
        covers.append((FLAG_WEIGHT, 1.0, float(here or there), 1.0 if here else 0.75 * there))
    total = sum(weight for weight, *_ in covers) or 1.0
    number = sum(count for _, count, *_ in covers) or 1.0
    covered = sum(weight * near for weight, _, near, _ in covers) / total
    even = sum(count * near for _, count, near, _ in covers) / number
    return covered, even, sum(weight * close for weight, *_, close in covers) / total


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
    return _far_coverage(term, place)


def _far_coverage(term: Term, place: Place) -> tuple[float, float]:
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
    covered, even, fit = coverage(asked, stretch.text, stretch.paragraph, place)
    content = {word for word in words(stretch.text) if word not in STOP_WORDS}
    matched = sum(term.held_by(own) or term.meant_by(own) for term in asked.terms)
    kind = kind_of_question(asked.text)
    cue = CUES.get(kind)
    headings = place.hit.heading
    defined = _defined(asked, place.hit)
    measured = {
        "fit": fit,
        "even": even,
        "focus": _focus(asked.terms, own, place),
        "near": max(
            _nearness(asked, body), HEADING_NEARNESS * _nearness(asked, stems(" ".join(headings[-1:])))
        ),
        "standing": place.standing,
        "consensus": place.consensus,
        "density": matched / max(len(content), CONTENT_WORDS_MIN),
        "heading": likeness(asked, headings[-1]) if headings else 0.0,
        "alike": float(bool(headings) and likeness(asked, headings[-1]) >= ALIKE_MIN),
        "title": likeness(asked, headings[0]) if headings else 0.0,
        "file": _share(asked, place.path),
        "defined": defined,
        "definition": defined * stretch.opening * coverage(asked, "", "", place)[0],
        "named": _named(asked, stretch.text, place.hit),
        "renown": min(math.log(max(place.hit.mentions, 1)) / math.log(RENOWN_MENTIONS), 1.0),
        "defining": _defining(asked, place, stretch) if kind == "define" else 0.0,
        "pointer": float(POINTER.match(stretch.text) is not None),
        "opening": float(stretch.opening),
        "leading": float(stretch.leading),
        "verb": float(
            bool(body) and any(body[0] == term.stem or body[0] in term.others for term in asked.terms)
        ),
        "sentence": float(stretch.form == "sentence"),
        "code": float(stretch.form == "code"),
        "cue": float(cue is not None and cue.search(stretch.text) is not None),
        "history": float(not asked.history and is_history(place.hit.file)),
        "changed": float(not asked.history and CHANGED.search(stretch.text) is not None),
        "short": float(len(body) < SHORT_WORDS),
    }
    known = own | place.heading | place.path | frozenset(stems(stretch.paragraph))
    strange = any(not term.held_by(known) for term in asked.foreign)
    sure = (covered + even) / 2
    if asked.foreign:
        sure = min(sure, _rest_said(asked, own | place.heading))
    trust = (STRANGE_SHARE if strange else 1.0) * (HISTORY_SHARE if measured["history"] else 1.0)
    trust *= min(asked.substance / SUBSTANCE_MIN, 1.0)
    return measured, max(sure * trust, measured["heading"] if measured["heading"] >= ALIKE_MIN else 0.0)


def weigh(measured: Mapping[str, float]) -> float:
    """Put the features together."""
    return sum(WEIGHTS[name] * value for name, value in measured.items())


def _focus(terms: Sequence[Term], own: AbstractSet[str], place: Place) -> float:
    """Tell which share of what the headings do not say already the stretch itself says."""
    rest = [term for term in terms if not term.held_by(place.heading)]
    total = sum(term.weight for term in rest)
    told = sum(term.weight * (1.0 if term.held_by(own) else 0.7 * term.meant_by(own)) for term in rest)
    return told / total if total else 1.0


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


def _defined(asked: Query, hit: Hit) -> float:
    """Tell how surely the passage defines what is asked about: literally, by its last part, by its words."""
    best = 0.0
    for symbol in hit.symbols:
        parts = tuple(words(symbol))
        if symbol in asked.literals:
            return 1.0
        if parts and any(parts[-len(name) :] == name or name[-len(parts) :] == parts for name in asked.names):
            best = max(best, 0.8)
        elif parts and any(term.stem == stem(parts[-1]) for term in asked.terms):
            best = max(best, 0.5)
    return best


def _defining(asked: Query, place: Place, stretch: Stretch) -> float:
    """Tell how surely a stretch says what something is: under the term itself, at a page's start, or "An X is a ..."."""
    sought = {term.stem for term in asked.terms}
    if (
        sought
        and stretch.opening
        and any(sought == set(stems(name_words(symbol))) for symbol in place.hit.symbols)
    ):
        return 1.5
    if (
        sought
        and stretch.opening
        and len(place.hit.heading) <= 1
        and set(stems(stretch.text)[: len(sought)]) == sought
    ):
        return 1.0
    found = IS.search(stretch.text)
    subject = DETERMINER.sub("", stretch.text[: found.start()] if found else "")
    return float(bool(sought) and set(stems(subject)) == sought)


def _rest_said(asked: Query, have: AbstractSet[str]) -> float:
    """Tell which share of what is asked about a foreign name words hold; the name itself is not enough."""
    rest = [term for term in asked.terms if term not in asked.foreign]
    total = sum(term.weight for term in rest)
    held = sum(term.weight * (1.0 if term.held_by(have) else 0.7 * term.meant_by(have)) for term in rest)
    return held / total if total else 1.0


def _share(asked: Query, have: AbstractSet[str]) -> float:
    """Tell the weight of the words that are held, beside that of the weightiest word, at most 1."""
    held = sum(term.weight for term in asked.terms if term.held_by(have))
    return min(held / max((term.weight for term in asked.terms), default=1.0), 1.0) if held else 0.0


def _named(asked: Query, text: str, hit: Hit) -> float:
    """Tell which share of the identifiers asked about stand in the text, or above it, as written."""
    if not asked.literals:
        return 0.0
    above = f"{' '.join(hit.heading[-1:])} {' '.join(hit.symbols)}"
    here = sum(written_in(literal, text) for literal in asked.literals)
    there = sum(written_in(literal, above) for literal in asked.literals)
    return max(here, 0.7 * there) / len(asked.literals)
