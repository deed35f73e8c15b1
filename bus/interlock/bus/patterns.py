"""Subject patterns as the server reads them: `*` is one word, `>` is one or more at the end.

Source: https://docs.nats.io/nats-concepts/subjects#wildcards.
"""

import re
from collections.abc import Callable, Sequence

Matches = Callable[[str], bool]

_WORDS = {"*": r"[^.]+", ">": r".+"}


def literal(pattern: str) -> bool:
    """Return whether a pattern is one subject and no other."""
    return _WORDS.keys().isdisjoint(pattern.split("."))


def matcher(patterns: Sequence[str]) -> Matches:
    """Return whether a subject fits any of the patterns; no patterns at all fit everything."""
    if not patterns:
        return lambda _: True
    if all(map(literal, patterns)):
        return frozenset(patterns).__contains__
    if all(pattern.endswith(".>") and literal(pattern[:-2]) for pattern in patterns):
        beginnings = tuple(pattern[:-1] for pattern in patterns)
        return lambda subject: subject.startswith(beginnings) and subject not in beginnings
    alternatives = "|".join(
        r"\.".join(_WORDS.get(word, re.escape(word)) for word in pattern.split(".")) for pattern in patterns
    )
    fits = re.compile(alternatives).fullmatch
    if len(patterns) > 1:
        return lambda subject: fits(subject) is not None
    # Most subjects do not fit, and most of those lack what the pattern says in words.
    words = max(re.split(r"[*>]", patterns[0]), key=len)
    return lambda subject: words in subject and fits(subject) is not None
