"""Where all chance of a simulation comes from: one generator for each purpose, named in words.

What draws from one cannot disturb what draws from another, so that a scenario with fewer actions stays close
to the one it was made from.
"""

from random import Random


def chance(*words: object) -> Random:
    """Return a generator that follows from these words alone."""
    return Random("/".join(map(str, words)))  # noqa: S311 - it must repeat, not surprise
