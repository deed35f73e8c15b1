"""How much of a question a place in a document covers, and how sure that makes an answer."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from pathlib import PurePosixPath

import msgspec

from interlock.effects.documents.headings import ALIKE_MIN, heading_stems, is_history, likeness
from interlock.effects.documents.terms import FLAG_WEIGHT, Query, Term, written_in
from interlock.effects.documents.types import Hit
from interlock.effects.documents.words import name_words, stems
from interlock.effects.offline.sentences import Form

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
    """A stretch of a hit's text that may be quoted, its paragraph, and where in the passage it stands.

    `meant` tells how near its meaning is to the question's, `meant_below` the same of it below its heading.
    """

    text: str
    paragraph: str
    form: Form
    opening: bool
    leading: bool
    meant: float = 0.0
    meant_below: float = 0.0


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


def confidence(asked: Query, place: Place, stretch: Stretch) -> float:
    """Tell how sure it is that a stretch answers the question, 0 to 1: by what its place covers.

    A name that is foreign to the documents has to stand there, and what is asked about it too; lists of
    changes are trusted less; a question of common words alone has too little substance, unless a heading is
    that very question.
    """
    covered, even, _ = coverage(asked, stretch.text, stretch.paragraph, place)
    own = frozenset(stems(stretch.text))
    known = own | place.heading | place.path | frozenset(stems(stretch.paragraph))
    sure = (covered + even) / 2
    if asked.foreign:
        sure = min(sure, _rest_said(asked, own | place.heading))
    if any(not term.held_by(known) for term in asked.foreign):
        sure *= STRANGE_SHARE
    if not asked.history and is_history(place.hit.file):
        sure *= HISTORY_SHARE
    sure *= min(asked.substance / SUBSTANCE_MIN, 1.0)
    heading = likeness(asked, place.hit.heading[-1]) if place.hit.heading else 0.0
    return max(sure, heading if heading >= ALIKE_MIN else 0.0)


def focus(terms: Sequence[Term], own: AbstractSet[str], place: Place) -> float:
    """Tell which share of what the headings do not say already the stretch itself says."""
    rest = [term for term in terms if not term.held_by(place.heading)]
    total = sum(term.weight for term in rest)
    told = sum(term.weight * (1.0 if term.held_by(own) else 0.7 * term.meant_by(own)) for term in rest)
    return told / total if total else 1.0


def _rest_said(asked: Query, have: AbstractSet[str]) -> float:
    """Tell which share of what is asked about a foreign name words hold; the name itself is not enough."""
    rest = [term for term in asked.terms if term not in asked.foreign]
    total = sum(term.weight for term in rest)
    held = sum(term.weight * (1.0 if term.held_by(have) else 0.7 * term.meant_by(have)) for term in rest)
    return held / total if total else 1.0


def share(asked: Query, have: AbstractSet[str]) -> float:
    """Tell the weight of the words that are held, beside that of the weightiest word, at most 1."""
    held = sum(term.weight for term in asked.terms if term.held_by(have))
    return min(held / max((term.weight for term in asked.terms), default=1.0), 1.0) if held else 0.0
