"""What speaks for a stretch of text as the answer to a question, as numbers; only the weights are opinion.

The weights were chosen on questions about one large manual and checked on others that took no part in the
choice (tests/effects/offline/questions.toml); no feature knows that manual.
"""

import math
import re
from collections.abc import Mapping, Sequence

from interlock.effects.documents.headings import (
    ALIKE_MIN,
    is_guide,
    is_history,
    is_inside,
    likeness,
    popularity,
    unasked,
)
from interlock.effects.documents.terms import Query
from interlock.effects.documents.words import STOP_WORDS, stems, words
from interlock.effects.offline.coverage import Place, Stretch, coverage, focus, share
from interlock.effects.offline.definitions import defined, defining, named, tells_default

WEIGHTS: Mapping[str, float] = {
    "fit": 0.06,
    "even": 0.2,
    "focus": 0.18,
    "near": 0.04,
    "density": 0.31,
    "named": -0.09,
    "meaning": 0.28,
    "meaning_below": 0.56,
    "length": 0.25,
    "verb": 0.16,
    "standing": 0.25,
    "default": 0.4,
    "falling": 0.25,
    "guide_how": 0.07,
    "symbol_how": 0.09,
    "deep": -0.05,
    "popular": 0.02,
    "qualified": -0.07,
    "guide": 0.01,
    "inside": -0.21,
    "meaning_around": -0.06,
    "consensus": 0.06,
    "heading": 0.22,
    "alike": 0.02,
    "title": 0.15,
    "file": 0.1,
    "defined": -0.08,
    "definition": 0.14,
    "renown": -0.05,
    "history": -0.11,
    "defining": 0.5,
    "pointer": -0.06,
    "opening": 0.08,
    "leading": 0.13,
    "sentence": 0.07,
    "code": -0.5,
    "cue": 0.08,
    "changed": 0.11,
    "short": -0.23,
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
HEADING_NEARNESS = 0.7
SHORT_WORDS = 5
STANDING_MIN = 1e-4
DEEP_HEADINGS = 4
LONG_LOG = 6.0
RENOWN_MENTIONS = 100
NEAR_WORDS = 3
CONTENT_WORDS_MIN = 5


def features(asked: Query, place: Place, stretch: Stretch) -> dict[str, float]:
    """Measure a stretch: what it says, where it stands, and what form it has."""
    return {
        **_said(asked, place, stretch),
        **_placed(asked, place, stretch),
        **_formed(asked, place, stretch),
    }


def _said(asked: Query, place: Place, stretch: Stretch) -> dict[str, float]:
    body = stems(stretch.text)
    own = frozenset(body)
    _, even, fit = coverage(asked, stretch.text, stretch.paragraph, place)
    content = {word for word in words(stretch.text) if word not in STOP_WORDS}
    matched = sum(term.held_by(own) or term.meant_by(own) for term in asked.terms)
    above = _nearness(asked, stems(" ".join(place.hit.heading[-1:])))
    return {
        "fit": fit,
        "even": even,
        "focus": focus(asked.terms, own, place),
        "near": max(_nearness(asked, body), HEADING_NEARNESS * above),
        "density": matched / max(len(content), CONTENT_WORDS_MIN),
        "default": float(asked.default and tells_default(asked, stretch.text)),
        "named": named(asked, stretch.text, place.hit),
        "meaning": stretch.meant,
        "meaning_below": stretch.meant_below,
        "length": math.log1p(len(stretch.text)) / LONG_LOG,
        "verb": float(
            bool(body) and any(body[0] == term.stem or body[0] in term.others for term in asked.terms)
        ),
    }


def _placed(asked: Query, place: Place, stretch: Stretch) -> dict[str, float]:
    headings = place.hit.heading
    last = likeness(asked, headings[-1]) if headings else 0.0
    defines = defined(asked, place.hit)
    return {
        "standing": place.standing,
        "falling": math.log(max(place.standing, STANDING_MIN)),
        "guide_how": float(asked.kind == "how" and is_guide(place.hit.file)),
        "symbol_how": float(asked.kind == "how" and bool(place.hit.symbols)),
        "deep": len(headings) / DEEP_HEADINGS,
        "popular": popularity(asked, place.hit),
        "qualified": unasked(asked, place.hit),
        "guide": float(is_guide(place.hit.file)),
        "inside": float(is_inside(place.hit.file) and not asked.inside),
        "meaning_around": place.hit.meant,
        "consensus": place.consensus,
        "heading": last,
        "alike": float(last >= ALIKE_MIN),
        "title": likeness(asked, headings[0]) if headings else 0.0,
        "file": share(asked, place.path),
        "defined": defines,
        "definition": defines * coverage(asked, "", "", place)[0] if stretch.opening else 0.0,
        "renown": min(math.log(max(place.hit.mentions, 1)) / math.log(RENOWN_MENTIONS), 1.0),
        "history": float(not asked.history and is_history(place.hit.file)),
    }


def _formed(asked: Query, place: Place, stretch: Stretch) -> dict[str, float]:
    cue = CUES.get(asked.kind)
    return {
        "defining": defining(asked, place, stretch) if asked.kind == "define" else 0.0,
        "pointer": float(POINTER.match(stretch.text) is not None),
        "opening": float(stretch.opening),
        "leading": float(stretch.leading),
        "sentence": float(stretch.form == "sentence"),
        "code": float(stretch.form == "code"),
        "cue": float(cue is not None and cue.search(stretch.text) is not None),
        "changed": float(not asked.history and CHANGED.search(stretch.text) is not None),
        "short": float(len(words(stretch.text)) < SHORT_WORDS),
    }


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
