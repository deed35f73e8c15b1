"""Which words of a question carry it, and how text is cut into words; nothing about any documents."""

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

from interlock.effects.documents.stems import stem
from interlock.effects.documents.synonyms import plain_words

WORD = re.compile(r"[^\W_]+")
IDENTIFIER = re.compile(
    r"--?[A-Za-z][\w-]*"  # --flag, -O
    r"|[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+(?:\(\))?"  # module.Class.method
    r"|__\w+__|[A-Za-z]\w*_\w+|\w+\(\)"  # __slots__, snake_case, call()
    r"|\b[A-Za-z]-[a-z]{3,}"  # f-string
    r"|\b[A-Z](?:\+\+|#)"  # C++, C#
    r"|[A-Z][a-z0-9]+(?:[A-Z][a-z0-9]*)+|[a-z]+[A-Z]\w*"  # CamelCase, camelCase
)
CAMEL = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
# What a question is built from, besides its subject.
STOP_WORDS = frozenset(
    """
    a after an and any are before as at be been being but by can cannot could did do does doing done each
    either else ever every for from get gets getting give given gives go goes had has have having he her
    here hers him his how however i if in into is isn it its itself just let like made make makes making
    many may me mean means meant might more most much must my need needs neither no nor not of off on once one
    only onto or other our ours out over own per please possible put same say says shall she should so
    some still such take takes tell than that the their theirs them then there these they thing things
    this those through to too under until up upon us use used user uses using very via want wants was way
    ways we well were what whatever when where whether which while who whom whose why will with within
    without would yet you your yours aren couldn didn doesn don hasn haven shouldn wasn weren won wouldn t
    s re ve ll d m between both during exactly happen happens happened work works working explain describe
    show everything something anything nothing everyone someone anyone somebody anybody entire whole
    certain different others another best better good right able differently
    """.split()  # noqa: SIM905 - a page of quotes and commas is not read
)
# "won" is "won't" and a verb; "user" and "one" carry little; each is a stop word only when others remain.
# Words of a question that answers often put differently: they weigh half.
WEAK_WORDS = frozenset(
    """
    accept accepts add allow allowed allows answer call called calls change changed check choose contain
    contains define enable ensure exist exists find handle handled include includes keep know let list
    lists look mean name need number offer pass passed prevent provide provides put reach reached receive
    refuse return returned returns run runs save compute calculate represent declare specify perform
    determine obtain set start stop support supported supports turn value values write written example
    language program python3 code two three several multiple own another new again easily correctly properly
    difference differ differences
    """.split()  # noqa: SIM905 - a page of quotes and commas is not read
)
# In "the with statement" and "the is operator" a stop word is the subject.
KEYWORD_KINDS = frozenset({"statement", "statements", "operator", "keyword", "clause", "command", "loop"})
DETERMINERS = frozenset(
    {"a", "an", "the", "this", "that", "which", "what", "each", "every", "any", "one", "other", "of"}
)
# A capital letter by itself is a name: "in C", "in R".
LETTER = re.compile(r"(?<=\w )([B-HJ-Z])(?=\W|$)(?!['\u2019.+#])")
SIGNATURE = re.compile(r"(?<=\w)\(.*")
WORDS_MAX = 40
QUESTION_CHARS_MAX = 4_000
# What no person writes is not looked for: a regular expression could spend seconds on it.
ENDLESS = re.compile(r"\w{80,}")


def words(text: str) -> list[str]:
    """Cut text into lower-case words, as the index does: letters and digits, `_` and punctuation separate."""
    return WORD.findall(text.lower())


def stems(text: str) -> list[str]:
    """Cut text into stems."""
    return [stem(word) for word in WORD.findall(text.lower())]


def content_words(question: str) -> list[str]:
    """Keep the words that carry a question, once each, in order; at most WORDS_MAX."""
    question = plain_words(ENDLESS.sub(" ", question[:QUESTION_CHARS_MAX]))
    line = words(question.replace("\u2019", "'").replace("'s ", " "))
    found = dict.fromkeys(line)
    told = {left for left, right in pairwise(line) if right in KEYWORD_KINDS and left not in DETERMINERS}
    told.update(letter.lower() for letter in LETTER.findall(question))
    kept = [
        word
        for word in found
        if word in told or (word not in STOP_WORDS and (len(word) > 1 or word.isdigit()))
    ]
    return (kept or list(found))[:WORDS_MAX]


def identifiers(question: str) -> list[str]:
    """Find what looks like the name of a thing in code: dotted, snake_case, CamelCase, call(), --flag."""
    bounded = ENDLESS.sub(" ", question[:QUESTION_CHARS_MAX])
    found = (match.rstrip("()") for match in IDENTIFIER.findall(bounded))
    return list(dict.fromkeys(_singular(name) for name in found))[:WORDS_MAX]


def _singular(name: str) -> str:
    """Name one of a kind: people ask about f-strings, manuals define the f-string."""
    return name[:-1] if re.fullmatch(r"[A-Za-z]-[a-z]{3,}s", name) else name


@lru_cache(maxsize=20_000)
def name_words(name: str) -> str:
    """Spell a name out for the index: `asyncio.TaskGroup` gives `asyncio TaskGroup Task Group`."""
    camel = [part for part in CAMEL.findall(name) if len(part) > 1]
    return " ".join(dict.fromkeys([*WORD.findall(name), *camel]))


def headline(heading: Sequence[str]) -> str:
    """Say the two innermost headings in a line, without the parameters of a signature."""
    return " ".join(heading_words(part) for part in heading[-2:])


def heading_words(heading: str) -> str:
    """Leave out the parameters of a signature: they are not what the passage is about."""
    return SIGNATURE.sub("", heading)
