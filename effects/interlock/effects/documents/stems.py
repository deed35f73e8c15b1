"""Porter's stemmer (An algorithm for suffix stripping, 1980), so that a word is found in any inflection.

The index's own tokenizer stems by the same algorithm inside SQLite; this one serves ranking, in Python.
"""

import re
from functools import lru_cache

STEP_2 = (
    *(
        ("ational", "ate"),
        ("tional", "tion"),
        ("enci", "ence"),
        ("anci", "ance"),
        ("izer", "ize"),
        ("abli", "able"),
    ),
    *(("alli", "al"), ("entli", "ent"), ("eli", "e"), ("ousli", "ous"), ("ization", "ize"), ("ation", "ate")),
    *(("ator", "ate"), ("alism", "al"), ("iveness", "ive"), ("fulness", "ful"), ("ousness", "ous")),
    *(("aliti", "al"), ("iviti", "ive"), ("biliti", "ble")),
)
STEP_3 = (
    *(
        ("icate", "ic"),
        ("ative", ""),
        ("alize", "al"),
        ("iciti", "ic"),
        ("ical", "ic"),
        ("ful", ""),
        ("ness", ""),
    ),
)
STEP_4 = (
    *(
        "ement",
        "ance",
        "ence",
        "able",
        "ible",
        "ment",
        "ant",
        "ent",
        "ism",
        "ate",
        "iti",
        "ous",
        "ive",
        "ize",
    ),
    *("sion", "tion", "al", "er", "ic", "ou"),
)
VOWEL = "[aeiou]|(?<=[^aeiou])y"
MEASURE = re.compile(rf"(?:{VOWEL})+(?:(?!{VOWEL}).)+")
HAS_VOWEL = re.compile(VOWEL)
SHORT = re.compile(r".*[^aeiou][aeiouy][^aeiouwxy]$")
DOUBLED = re.compile(r"([^aeioulsz])\1$")


def _measure(stem: str) -> int:
    return len(MEASURE.findall(stem))


def _step_1(word: str) -> str:
    if word.endswith("s") and not word.endswith("ss"):
        word = word[:-2] if word.endswith(("sses", "ies")) else word[:-1]
    if word.endswith("eed"):
        word = word[:-1] if _measure(word[:-3]) else word
    else:
        for suffix in ("ed", "ing"):
            if word.endswith(suffix) and HAS_VOWEL.search(word[: -len(suffix)]):
                word = _mended(word[: -len(suffix)])
                break
    if word.endswith("y") and HAS_VOWEL.search(word[:-1]):
        word = f"{word[:-1]}i"
    return word


def _mended(stem: str) -> str:
    if stem.endswith(("at", "bl", "iz")):
        return f"{stem}e"
    if DOUBLED.search(stem):
        return stem[:-1]
    return f"{stem}e" if _measure(stem) == 1 and SHORT.match(stem) else stem


def _replaced(word: str, rules: tuple[tuple[str, str], ...]) -> str:
    for suffix, replacement in rules:
        if word.endswith(suffix):
            stem = word[: -len(suffix)]
            return f"{stem}{replacement}" if _measure(stem) else word
    return word


def _step_4(word: str) -> str:
    for suffix in STEP_4:
        if word.endswith(suffix):
            cut = 3 if suffix in ("sion", "tion") else len(suffix)
            return word[:-cut] if _measure(word[:-cut]) > 1 else word
    return word


def _step_5(word: str) -> str:
    if word.endswith("e"):
        stem = word[:-1]
        measure = _measure(stem)
        if measure > 1 or (measure == 1 and not SHORT.match(stem)):
            word = stem
    return word[:-1] if word.endswith("ll") and _measure(word) > 1 else word


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """Reduce a lower-case word to its stem; words of one or two letters and those with digits stay."""
    if len(word) <= 2 or not word.isascii() or not word.isalpha():
        return word
    return _step_5(_step_4(_replaced(_replaced(_step_1(word), STEP_2), STEP_3)))
