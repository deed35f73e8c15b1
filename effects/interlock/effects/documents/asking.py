"""What kind of answer a question asks for, by its form; not what it is about."""

import re
from typing import Literal

from interlock.effects.documents.words import content_words

Kind = Literal["define", "why", "count", "how", "when", "what", "whether"]

DEFINITION_WORDS_MAX = 4
KINDS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    (
        "define",
        re.compile(
            r"^\W*(?:what|who) (?:is|are|was|were)\b(?!.*\b(?:for|of|in|between|when|if)\b)", re.IGNORECASE
        ),
    ),
    ("why", re.compile(r"\bwhy\b|\breasons?\b", re.IGNORECASE)),
    ("count", re.compile(r"\bhow (?:many|much|long|large|big|often)\b", re.IGNORECASE)),
    ("how", re.compile(r"\bhow\b", re.IGNORECASE)),
    ("when", re.compile(r"\bwhen\b|\bhappens (?:if|when)\b", re.IGNORECASE)),
    ("what", re.compile(r"\b(?:what|which|who|where)\b", re.IGNORECASE)),
)


def kind_of_question(question: str) -> Kind:
    """Tell what kind of answer is asked for: define, why, count, how, when, what, or whether."""
    for name, pattern in KINDS:
        if pattern.search(question):
            long = name == "define" and len(content_words(question)) > DEFINITION_WORDS_MAX
            return "what" if long else name
    return "whether"
