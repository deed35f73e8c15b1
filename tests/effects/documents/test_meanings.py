"""Texts that say the same in other words are near each other; what is written down stays near."""

import numpy as np
import pytest

from interlock.effects.documents.meanings import DIMENSIONS, cosines, meanings, packed


def test_other_words_for_the_same_are_nearer_than_other_things() -> None:
    asked, said, other = meanings(
        [
            "How do I stop my program for a few seconds?",
            "Suspend execution of the calling thread for the given number of seconds.",
            "Bread is baked from flour, water and salt.",
        ]
    )
    assert asked @ said > asked @ other + 0.2


@pytest.mark.parametrize("text", ["word", "a" * 100_000, "🙂 \ud800", "Zwölf Boxkämpfer"])
def test_a_direction_has_the_length_1(text: str) -> None:
    assert np.linalg.norm(meanings([text])) == pytest.approx(1, abs=1e-5)


def test_no_words_have_no_direction() -> None:
    assert not meanings([""]).any()
    assert meanings([]).shape == (0, DIMENSIONS)


def test_bytes_keep_how_near_directions_are() -> None:
    rows = meanings(["the garbage collector", "a thread", "the search path of modules"])
    (asked,) = meanings(["memory that nobody uses is freed"])
    assert cosines(packed(rows), asked) == pytest.approx((rows @ asked).tolist(), abs=0.01)
