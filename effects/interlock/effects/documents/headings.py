"""How a heading relates to a query, and what kind of document a path tells of; arithmetic on words only."""

import math
import re

from interlock.effects.documents.stems import stem
from interlock.effects.documents.terms import Query, Term
from interlock.effects.documents.types import Hit
from interlock.effects.documents.words import STOP_WORDS, heading_words, name_words, stems, words

SYNONYM_WORTH = 0.6
ALIKE_MIN = 0.75
HISTORY = re.compile(r"whatsnew|what.?s.?new|changelog|changes|release.?notes|news|history", re.IGNORECASE)
# What stands behind a dash or a colon describes a topic; it does not name it.
SUBTITLE = re.compile(r"(?:\s[\u2013\u2014-]|:)\s.*")
# What is written to be read by whoever asks how, not to be looked up by whoever knows.
GUIDE = re.compile(
    r"tutorial|faq|how-?to|guide|getting.?started|intro|quick.?start|cookbook|primer|examples?|learn",
    re.IGNORECASE,
)
# What is written for those who work on the thing itself, or on its past.
INSIDE = re.compile(
    r"(?:^|[/_.-])(?:c-?api|api|internals?|extending|embedding|legacy|deprecated|obsolete|devel|developers?)"
    r"(?:[/_.-]|$)",
    re.IGNORECASE,
)


def is_history(file: str) -> bool:
    """Tell by its path whether a file lists changes rather than explaining."""
    return HISTORY.search(file) is not None


def is_guide(file: str) -> bool:
    """Tell by its path whether a file teaches: a tutorial, a guide, answers to frequent questions."""
    return GUIDE.search(file) is not None


def is_inside(file: str) -> bool:
    """Tell by its path whether a file is for those who work on the insides."""
    return INSIDE.search(file) is not None


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


def topic(asked: Query, hit: Hit) -> float:
    """Tell how surely a query names what the whole document is about, 0 to 1."""
    path = set(stems(name_words(hit.file.rpartition("/")[2].rpartition(".")[0])))
    title = set(stems(SUBTITLE.sub("", " ".join(hit.heading[:1]))))
    heaviest = max((term.weight for term in asked.terms), default=1.0)
    return max((term.weight * _told(term, path, title) for term in asked.terms), default=0.0) / heaviest


def _told(term: Term, path: set[str], title: set[str]) -> float:
    if term.held_by(path):
        return 1.0
    return 0.8 if term.held_by(title) else SYNONYM_WORTH * term.meant_by(path | title)


def popularity(asked: Query, hit: Hit) -> float:
    """Tell how many documents link to the hit's, on a logarithmic scale.

    Who names no topic means the common one, to which everybody links; a topic that is named needs no renown.
    """
    return math.log1p(hit.linked) * (1 - topic(asked, hit))


def unasked(asked: Query, hit: Hit) -> float:
    """Count what stands before the name that a passage defines and is not asked about: `mailbox`, `MH`."""
    if not hit.symbols:
        return 0.0
    told = {part for term in asked.terms for part in (term.stem, *term.others)}
    return float(sum(stem(part) not in told for part in words(hit.symbols[0])[:-1]))
