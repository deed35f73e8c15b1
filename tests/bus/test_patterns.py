"""Subject patterns fit what the server fits: words, `*` for one, `>` for one or more at the end."""

import pytest

from interlock.bus.patterns import literal, matcher

CASES: dict[str, tuple[list[str], list[str], list[str]]] = {
    "a subject fits itself alone": (["a.b"], ["a.b"], ["a.c", "a.b.c", "a", "axb", ""]),
    "any of several": (["a.b", "a.c"], ["a.b", "a.c"], ["a.d", "a.b.c"]),
    "a star is one word": (["a.*"], ["a.b", "a.c-1"], ["a", "a.", "a.b.c", "b.a"]),
    "a star in the middle": (["a.*.kill.x"], ["a.b.kill.x"], ["a.kill.x", "a.b.c.kill.x", "a.b.kill.y"]),
    "an arrow is one word or more": (["a.>"], ["a.b", "a.b.c"], ["a", "a.", "ab.c", "b.a.c"]),
    "several arrows": (["a.>", "b.>"], ["a.x", "b.x.y"], ["a.", "b.", "c.x"]),
    "stars and an arrow": (["a.*.b.>"], ["a.x.b.y", "a.x.b.y.z"], ["a.x.b", "a.b.y", "a.x.c.y"]),
    "words and arrows": (["a.b", "c.>"], ["a.b", "c.d"], ["a.b.c", "c"]),
    "nothing but an arrow": ([">"], ["a", "a.b"], [""]),
    "no pattern fits everything": ([], ["a", "a.b.c"], []),
}


@pytest.mark.parametrize(("patterns", "fit", "do_not_fit"), CASES.values(), ids=CASES.keys())
def test_what_fits(patterns: list[str], fit: list[str], do_not_fit: list[str]) -> None:
    fits = matcher(patterns)
    assert [subject for subject in fit if not fits(subject)] == []
    assert [subject for subject in do_not_fit if fits(subject)] == []


def test_a_literal_pattern_has_no_wildcard() -> None:
    assert literal("a.b-*")  # a star within a word is no wildcard, on the server neither
    assert not literal("a.*")
    assert not literal("a.>")
