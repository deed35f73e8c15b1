"""Spans of time as people write and read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.console.errors import BadInput
from interlock.console.stop.times import read_span, said_instant, said_span, said_us
from interlock.contracts.limits import MAX_PAUSE_S


@pytest.mark.parametrize(
    ("text", "span_s"), [("1s", 1), ("90s", 90), ("10m", 600), ("2h", 7_200), ("365d", MAX_PAUSE_S)]
)
def test_a_span_is_a_number_with_its_unit(text: str, span_s: int) -> None:
    assert read_span(text) == span_s


@given(st.integers(1, MAX_PAUSE_S))
def test_a_span_that_was_said_is_read_again(span_s: int) -> None:
    assert read_span(said_span(span_s)) == span_s


@pytest.mark.parametrize(
    "text",
    ["", "10", "m", "0s", "-1m", "1.5h", "10 m", "10M", "1w", "366d", "9" * 30 + "s", "\u0661m", "1m30s"],
)
def test_what_is_no_span_is_refused_with_examples(text: str) -> None:
    with pytest.raises(BadInput, match="is no span of time: write 90s, 10m, 2h or 1d, at most 365d"):
        read_span(text)


@pytest.mark.parametrize(
    ("span_us", "said"),
    [
        (0, "0.0 ms"),
        (700, "0.7 ms"),
        (9_940, "9.9 ms"),
        (9_960, "10 ms"),
        (12_300, "12 ms"),
        (999_400, "999 ms"),
        (999_600, "1.0 s"),
        (1_234_000, "1.2 s"),
        (99_960_000, "100 s"),
        (3_600_000_000, "3,600 s"),
        (-300, "-0.3 ms"),
        (-812_000, "-812 ms"),
    ],
)
def test_a_latency_has_as_many_digits_as_it_is_worth(span_us: int, said: str) -> None:
    assert said_us(span_us) == said


@given(st.integers(-(10**12), 10**12))
def test_a_latency_is_short_and_keeps_its_sign(span_us: int) -> None:
    said = said_us(span_us)
    assert len(said) <= 12
    assert said.startswith("-") == (span_us < 0)


def test_an_instant_is_local_and_says_its_zone() -> None:
    assert said_instant(1_764_000_000_123_456)[19:23] == ".123"
    assert said_instant(1_764_000_000_123_456)[23] in "+-"
