"""What to search for; not where the answer is."""

from interlock.effects.documents.words import QUESTION_CHARS_MAX, identifiers

QUERIES_MAX = 2


def queries(question: str) -> list[str]:
    """List the searches worth trying, the widest first."""
    tries = [question[:QUESTION_CHARS_MAX], " ".join(identifiers(question))]
    return list(dict.fromkeys(one for one in tries if one.strip()))[:QUERIES_MAX]
