"""Words that people and manuals use for the same thing: general English of software, of no product."""

import re

GROUPS = (
    "delete remove erase unlink discard drop rmtree strip",
    "create make new construct build generate instantiate",
    "change modify set alter update adjust",
    "begin start launch run execute invoke",
    "stop cancel terminate abort end kill interrupt quit exit break",
    "error exception failure raise raised fail crash",
    "folder directory dir mkdir",
    "argument parameter option argv",
    "safe secure security unsafe insecure dangerous",
    "fast faster quick quickly speed performance optimize efficient slow",
    "copy duplicate clone",
    "find search locate lookup",
    "join concatenate combine merge update extend union",
    "print display output show screen",
    "pause suspend freeze sleep",
    "wait block await sleep delay",
    "difference differ compare distinguish versus",
    "convert transform parse translate cast turn",
    "default standard",
    "limit maximum max bound cap",
    "ignore skip suppress",
    "empty blank",
    "fetch download retrieve obtain request",
    "send transmit publish",
    "save store write persist dump serialize",
    "load read open deserialize",
    "several multiple many",
    "allowed permitted valid",
    "concurrent parallel simultaneously concurrently thread",
    "constant immutable unchangeable readonly",
    "machine system computer host",
    "supported available",
    "zero none null",
    "return yield result",
    "replace overwrite substitute",
    "order ordered sort sorted ordering",
    "automatically automatic auto",
    "pattern matching regex",
    "install installation setup",
    "exclude omit",
    "repeat loop iterate iteration iterating looping",
    "keep kept store stored save",
    "write written wrote",
    "choose chosen select pick choice",
    "build built",
    "send sent",
    "break broken",
    "lose lost",
    "undo revert reverse rollback undone",
    "forbid prevent disallow refuse deny reject",
    "kind type sort",
    "text string str",
    "dictionary dict mapping",
    "list array sequence",
    "number numeric integer int float digit",
    "largest biggest greatest maximum max highest",
    "smallest least minimum min lowest",
    "sum total",
    "space whitespace",
    "uppercase upper capital",
    "lowercase lower",
    "remainder modulo",
    "parent base superclass super",
    "inherit inheritance subclass derived",
    "extension suffix",
    "position index",
    "contain membership substring",
    "custom user-defined own",
    "cleanup clean-up finally",
    "email mail e-mail",
    "compress zip archive",
    "debug debugger",
    "row record insert",
    "unique distinct duplicate",
    "count occurrence frequency",
    "common intersection shared",
    "handle catch",
    "passed elapsed duration",
    "program script application",
    "characters letters",
    "document documentation docstring",
    "test testing",
    "equal identical identity",
    "command shell",
    "website web url",
    "input keyboard type typed",
    "exist existing",
    "last final negative",
    "first initial",
)
_BY_WORD: dict[str, tuple[str, ...]] = {}
for _group in GROUPS:
    for _word in _group.split():
        _BY_WORD[_word] = (*_BY_WORD.get(_word, ()), *(other for other in _group.split() if other != _word))


SUFFIXES = ("", "s", "es", "d", "ed", "ing", "r", "er", "ly")


def synonyms(word: str) -> tuple[str, ...]:
    """List what else the word may be called; empty for most. Regular inflections are understood."""
    for suffix in SUFFIXES:
        if word.endswith(suffix) and (form := word.removesuffix(suffix)) in _BY_WORD:
            return _BY_WORD[form]
    return _BY_WORD.get(f"{word.removesuffix('ing')}e", ()) if word.endswith("ing") else ()


# What people say in several words, and manuals in one.
IDIOMS = (
    ("get rid of", "remove"),
    ("gets rid of", "removes"),
    ("add up", "sum"),
    ("at the same time", "simultaneously"),
    ("at once", "simultaneously"),
    ("in parallel", "parallel"),
    ("line by line", "lines"),
    ("one by one", "each"),
    ("how often", "count"),
    ("how many times", "count"),
    ("upper and lower case", "case"),
    ("uppercase and lowercase", "case"),
    ("as fast as possible", "fast"),
    ("made up of", "consists"),
    ("put together", "join"),
    ("put into", "insert"),
    ("turn into", "convert"),
    ("find out", "determine"),
    ("look up", "lookup"),
    ("set up", "setup"),
    ("shut down", "shutdown"),
    ("user types", "input"),
    ("type in", "input"),
    ("in common", "intersection"),
    ("in place of", "replace"),
    ("in lieu of", "replace"),
)
_IDIOM = re.compile(rf"\b(?:{'|'.join(said for said, _ in IDIOMS)})\b", re.IGNORECASE)
_BY_IDIOM = dict(IDIOMS)


def plain_words(question: str) -> str:
    """Put a manual's word where a question has an idiom."""
    return _IDIOM.sub(lambda match: _BY_IDIOM[match[0].lower()], question)
