"""A query taken apart: its content words with their rarity, its names, the words that stand together."""

import math
import re
from collections.abc import Iterable
from collections.abc import Set as AbstractSet

import msgspec

from interlock.effects.documents.asking import Kind, kind_of_question
from interlock.effects.documents.stems import stem
from interlock.effects.documents.synonyms import synonyms
from interlock.effects.documents.types import TermCount
from interlock.effects.documents.words import (
    CAMEL,
    ENDLESS,
    QUESTION_CHARS_MAX,
    WEAK_WORDS,
    WORD,
    content_words,
    identifiers,
    words,
)

ASKS_HISTORY = re.compile(
    r"\bnew\b|\bchange[sd]?\b|\bchangelog\b|\breleases?\b|\bversions?\b|\bsince\b|\bnews\b|\badded\b|\bremoved\b"
    r"|\bdeprecated\b",
    re.IGNORECASE,
)
ASKS_INSIDE = re.compile(
    r"\bC\b|\bC\+\+|\bAPIs?\b|\b(?:embed|extension|intern|underlying)|\b[A-Z][a-z]*_[A-Z]|\b[A-Z]{2,}_\w"
)
ASKS_DEFAULT = re.compile(r"\bdefaults?\b|\bunless\b", re.IGNORECASE)
COMMON_SHARE = 0.1
FLAG_WEIGHT = 6.0
CAPITALISED = re.compile(r"(?<=[\w,] )(?:[A-Z][\w.+#-]*)")


class Term(msgspec.Struct, frozen=True):
    """A content word: its stem, those of the parts of a CamelCase word, those of its synonyms, its weight.

    The weight is its inverse document frequency, log(1 + (passages + 1) / (passages with it + 1)), half of
    that for a weak word.
    """

    word: str
    stem: str
    parts: frozenset[str]
    others: frozenset[str]
    weight: float
    weak: bool = False

    def held_by(self, have: AbstractSet[str]) -> bool:
        """Tell whether stems hold the word, whole or spelled out (`TaskGroup` as `task group`)."""
        return self.stem in have or (bool(self.parts) and self.parts <= have)

    def meant_by(self, have: AbstractSet[str]) -> bool:
        """Tell whether stems hold a synonym of the word."""
        return not self.others.isdisjoint(have)


class Query(msgspec.Struct, frozen=True):
    """A query or question, with what is known of its words.

    `literals` are the identifiers in it, `names` they and capitalised words, in lower case.
    `neighbours` are pairs of stems of content words that follow each other, with at most one between them,
    unless an identifier holds both.
    `flags` are the literals that no term stands for, such as `-O`.
    `every` are all its words; `substance` is its weight beside that of one word that stands nowhere else.
    `history`, `inside` and `default` tell whether it asks about changes, the insides of things, a default.
    `foreign` are the capitalised names that are not all over the documents: an answer has to speak of them.
    """

    text: str
    terms: tuple[Term, ...]
    literals: tuple[str, ...]
    names: tuple[tuple[str, ...], ...]
    neighbours: tuple[tuple[str, str], ...]
    flags: tuple[str, ...]
    foreign: tuple[Term, ...]
    every: frozenset[str]
    substance: float
    history: bool
    inside: bool
    default: bool
    kind: Kind


def understand(text: str, counts: Iterable[TermCount], passages: int) -> Query:
    """Take a query apart; `counts` tell how rare its words are, an unknown word counts as absent."""
    text = ENDLESS.sub(" ", text[:QUESTION_CHARS_MAX])
    counts = list(counts)
    known = {count.term: count.passages for count in counts}
    camel = {written.lower(): CAMEL.findall(written) for written in WORD.findall(text)}
    camel.update((count.term, count.apart.split()) for count in counts if count.apart)
    terms = tuple(
        Term(
            word=word,
            stem=stem(word),
            parts=frozenset(stem(part.lower()) for part in camel.get(word, ()) if len(camel[word]) > 1),
            others=frozenset(stem(part) for other in synonyms(word) for part in words(other)),
            weight=math.log(1 + (passages + 1) / (known.get(word, 0) + 1))
            * (0.5 if word in WEAK_WORDS else 1.0),
            weak=word in WEAK_WORDS,
        )
        for word in content_words(text)
    )
    capitalised = {word for name in CAPITALISED.findall(text) for word in words(name)}
    literals = tuple(identifiers(text))
    within = [{stem(word) for word in words(literal)} for literal in literals]

    def glued(left: str, right: str) -> bool:
        return any(left in parts and right in parts for parts in within)

    line = [term.stem for term in terms]
    flags = tuple(literal for literal in literals if _is_flag(literal, terms))
    names = [tuple(words(name)) for name in (*literals, *CAPITALISED.findall(text))]
    return Query(
        text=text,
        terms=terms,
        literals=literals,
        names=tuple(dict.fromkeys(name for name in names if name)),
        neighbours=tuple(
            pair for gap in (1, 2) for pair in zip(line, line[gap:], strict=False) if not glued(*pair)
        ),
        flags=flags,
        foreign=tuple(
            term
            for term in terms
            if term.word in capitalised and known.get(term.word, 0) <= COMMON_SHARE * passages
        ),
        every=frozenset(words(text)),
        substance=(sum(term.weight for term in terms) + len(flags) * FLAG_WEIGHT) / math.log(2 + passages),
        history=ASKS_HISTORY.search(text) is not None,
        inside=ASKS_INSIDE.search(text) is not None,
        default=ASKS_DEFAULT.search(text) is not None,
        kind=kind_of_question(text),
    )


def written_in(literal: str, text: str) -> bool:
    """Tell whether an identifier stands in a text exactly as written, not as a part of a longer name."""
    return re.search(rf"(?<![\w-]){re.escape(literal)}(?!\w)", text) is not None


def _is_flag(literal: str, terms: tuple[Term, ...]) -> bool:
    """Tell whether a literal says what its words alone do not: `-O`, `f-string`."""
    known = {term.word for term in terms}
    return any(word not in known for word in words(literal)) and "_" not in literal and "." not in literal
