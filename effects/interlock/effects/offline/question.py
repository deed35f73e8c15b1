"""What a question asks for, and what to search for; not where the answer is."""

import re

from interlock.effects.documents.words import QUESTION_CHARS_MAX, content_words, identifiers

QUERIES_MAX = 2
DEFINITION_WORDS_MAX = 4
KINDS = (
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


def queries(question: str) -> list[str]:
    """List the searches worth trying, the widest first."""
    tries = [question[:QUESTION_CHARS_MAX], " ".join(identifiers(question))]
    return list(dict.fromkeys(one for one in tries if one.strip()))[:QUERIES_MAX]


def kind_of_question(question: str) -> str:
    """Tell what kind of answer is asked for: define, why, count, how, when, what, or whether."""
    kind = next((name for name, pattern in KINDS if pattern.search(question)), "whether")
    long = len(content_words(question)) > DEFINITION_WORDS_MAX
    return "what" if kind == "define" and long else kind
