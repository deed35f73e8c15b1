"""Whether a passage defines what a question names, and whether a sentence says what something is."""

import re

from interlock.effects.documents.stems import stem
from interlock.effects.documents.terms import Query, written_in
from interlock.effects.documents.types import Hit
from interlock.effects.documents.words import name_words, stems, words
from interlock.effects.offline.coverage import Place, Stretch

IS = re.compile(
    r"\s(?:is|are|means|mean|refers to|was|were)\s+(?:a|an|the|one|any|what|how|where|when|used)\s"
)
SAYS_DEFAULT = re.compile(r"\bdefaults?\b|\bdefaulted\b", re.IGNORECASE)
DETERMINER = re.compile(r"^\s*(?:a|an|the)\s", re.IGNORECASE)


def defined(asked: Query, hit: Hit) -> float:
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


def defining(asked: Query, place: Place, stretch: Stretch) -> float:
    """Tell how surely a stretch says what something is.

    Surest are the first words under the term itself, then those of a page that begins with it, and
    "An X is a ...".
    """
    sought = {term.stem for term in asked.terms}
    if sought and stretch.opening:
        if any(
            sought == set(stems(name_words(name)))
            for symbol in place.hit.symbols
            for name in (symbol, symbol.rpartition(".")[2])
        ):
            return 1.5
        if len(place.hit.heading) <= 1 and set(stems(stretch.text)[: len(sought)]) == sought:
            return 1.0
    found = IS.search(stretch.text)
    subject = DETERMINER.sub("", stretch.text[: found.start()] if found else "")
    return float(bool(sought) and set(stems(subject)) == sought)


def named(asked: Query, text: str, hit: Hit) -> float:
    """Tell which share of the identifiers asked about stand in the text, or above it, as written."""
    if not asked.literals:
        return 0.0
    above = f"{' '.join(hit.heading[-1:])} {' '.join(hit.symbols)}"
    here = sum(written_in(literal, text) for literal in asked.literals)
    there = sum(written_in(literal, above) for literal in asked.literals)
    return max(here, 0.7 * there) / len(asked.literals)


def tells_default(asked: Query, text: str) -> bool:
    """Tell whether a text says what holds by default, or assigns something to a word asked about."""
    return SAYS_DEFAULT.search(text) is not None or any(
        re.search(rf"\b{re.escape(term.word)}\s?=\s?[\w'\"(\[{{-]", text) for term in asked.terms
    )
