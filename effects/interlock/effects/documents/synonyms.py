"""Words that people and manuals use for the same thing: general English of software, of no product."""

GROUPS = (
    "delete remove erase unlink discard drop rmtree",
    "create make new construct build generate instantiate",
    "change modify set alter update adjust",
    "begin start launch run execute invoke",
    "stop cancel terminate abort end kill interrupt quit exit",
    "error exception failure raise raised fail",
    "folder directory",
    "argument parameter option",
    "safe secure security unsafe insecure dangerous",
    "fast faster quick quickly speed performance optimize efficient slow",
    "copy duplicate clone",
    "find search locate lookup",
    "join concatenate combine merge",
    "print display output",
    "pause suspend freeze",
    "wait block await",
    "difference differ compare distinguish versus",
    "convert transform parse translate cast",
    "default standard",
    "limit maximum max bound cap",
    "ignore skip suppress",
    "empty blank",
    "fetch download retrieve obtain request",
    "send transmit publish",
    "save store write persist",
    "load read open",
    "several multiple many",
    "allowed permitted valid",
    "concurrent parallel simultaneously",
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
    "repeat loop iterate",
    "keep kept store stored save",
    "write written wrote",
    "choose chosen select pick",
    "build built",
    "send sent",
    "break broken",
    "lose lost",
    "undo revert reverse rollback undone",
    "forbid prevent disallow refuse deny reject",
    "kind type sort",
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
