"""What a question asks for: its words with their weights, the names in it, and its kind; not where the answer is."""

import math
import re
from collections.abc import Sequence

import msgspec

from interlock.effects.documents.ranking import ASKS_HISTORY
from interlock.effects.documents.stems import stem
from interlock.effects.documents.synonyms import synonyms
from interlock.effects.documents.types import TermCount
from interlock.effects.documents.words import CAMEL, WORD, content_words, identifiers, stems, words

QUERIES_MAX = 3
KINDS = (
    ("why", re.compile(r"\bwhy\b", re.IGNORECASE)),
    ("count", re.compile(r"\bhow (?:many|much|long|large|big|often)\b", re.IGNORECASE)),
    ("how", re.compile(r"\bhow\b", re.IGNORECASE)),
    ("when", re.compile(r"\bwhen\b|\bhappens (?:if|when)\b", re.IGNORECASE)),
    ("what", re.compile(r"\b(?:what|which|who|where)\b", re.IGNORECASE)),
)
NAMED = re.compile(r"(?<=[\w,] )(?:[A-Z][\w.+#-]*)")


class Term(msgspec.Struct, frozen=True):
    """A content word: its stem, the stems of what a CamelCase word is made of, of its synonyms; its rarity."""

    word: str
    stem: str
    parts: frozenset[str]
    others: frozenset[str]
    weight: float
    passages: int


class Question(msgspec.Struct, frozen=True):
    """A question taken apart; `names` are identifiers and capitalised names, as lists of lower-case words."""

    text: str
    kind: str
    terms: tuple[Term, ...]
    names: tuple[tuple[str, ...], ...]
    neighbours: tuple[tuple[str, str], ...]
    history: bool


def queries(question: str) -> list[str]:
    """List the searches worth trying, the widest first."""
    content = content_words(question)
    named = identifiers(question)
    tries = [question, " ".join(named), " ".join(content)]
    return list(dict.fromkeys(one for one in tries if one.strip()))[:QUERIES_MAX]


def understand(question: str, counts: Sequence[TermCount], passages: int) -> Question:
    """Take a question apart; `counts` (from the searches) tell how rare its words are."""
    known = {count.term: count.passages for count in counts}
    spelled = {
        written.lower(): frozenset(stem(part.lower()) for part in CAMEL.findall(written))
        for written in WORD.findall(question)
        if len(CAMEL.findall(written)) > 1
    }
    terms = tuple(
        Term(
            word=word,
            stem=stem(word),
            parts=spelled.get(word, frozenset()),
            others=frozenset(stem(part) for other in synonyms(word) for part in words(other)),
            weight=math.log(1 + (passages + 1) / (known.get(word, 0) + 1)),
            passages=known.get(word, 0),
        )
        for word in content_words(question)
    )
    names = [tuple(words(name)) for name in (*identifiers(question), *NAMED.findall(question))]
    kind = next((name for name, pattern in KINDS if pattern.search(question)), "whether")
    return Question(
        text=question,
        kind=kind,
        terms=terms,
        names=tuple(dict.fromkeys(names)),
        neighbours=_neighbours(question, {term.stem for term in terms}),
        history=ASKS_HISTORY.search(question) is not None,
    )


def _neighbours(question: str, asked: set[str]) -> tuple[tuple[str, str], ...]:
    """List the content words that follow each other in the question, with at most one word between them."""
    line = stems(question)
    near = [(left, right) for gap in (1, 2) for left, right in zip(line, line[gap:], strict=False)]
    return tuple(dict.fromkeys((left, right) for left, right in near if left in asked and right in asked))
