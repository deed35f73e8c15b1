"""Subject patterns as the server reads them: `*` is one word, `>` is one or more at the end.

Source: https://docs.nats.io/nats-concepts/subjects#wildcards.
"""

import re
from collections.abc import Callable, Sequence

Matches = Callable[[str], bool]

_WORDS = {"*": r"[^.]+", ">": r".+"}


def matcher(patterns: Sequence[str]) -> Matches:
    """Return whether a subject fits any of the patterns; no patterns at all fit everything."""
    if not patterns:
        return lambda _: True
    alternatives = "|".join(
        r"\.".join(_WORDS.get(word, re.escape(word)) for word in pattern.split(".")) for pattern in patterns
    )
    fits = re.compile(alternatives).fullmatch
    return lambda subject: fits(subject) is not None
