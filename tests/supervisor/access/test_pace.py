"""Who is too fast: twice in a row beyond the bound, by the server's own counts and clock."""

import pytest

from interlock.supervisor.access.connections import Place
from interlock.supervisor.access.pace import (
    KEPT_OUT_MS,
    MOST_BYTES_PER_S,
    MOST_KEPT_OUT,
    MOST_MESSAGES_PER_S,
    Count,
    KeptOut,
    Pace,
)

WHO: Place = ("S1", 7)


def looks(*counts: tuple[int, int], every_us: int = 1_000_000) -> list[list[tuple[Place, str]]]:
    """Return what each look finds, of one connection with these messages and bytes so far."""
    pace = Pace()
    return [
        pace.look([Count(WHO, messages, data_bytes, at * every_us)])
        for at, (messages, data_bytes) in enumerate(counts, start=1)
    ]


def test_who_is_beyond_the_bound_twice_in_a_row_is_found_with_its_pace() -> None:
    fast = MOST_MESSAGES_PER_S + 1
    first, second, third = looks((0, 0), (fast, 0), (2 * fast, 0))
    assert (first, second) == ([], [])
    ((place, words),) = third
    assert place == WHO
    assert f"{fast:,} messages a second" in words


def test_bytes_count_as_messages_do() -> None:
    much = MOST_BYTES_PER_S + 1
    *_, last = looks((0, 0), (1, much), (2, 2 * much))
    assert "MiB a second" in last[0][1]


@pytest.mark.parametrize(
    "counts",
    [
        ((0, 0), (MOST_MESSAGES_PER_S, MOST_BYTES_PER_S), (2 * MOST_MESSAGES_PER_S, 2 * MOST_BYTES_PER_S)),
        ((0, 0), (10**6, 0), (10**6, 0), (2 * 10**6, 0)),
        ((10**9, 10**12), (10**9, 10**12), (10**9, 10**12)),
    ],
    ids=["just at the bound", "with a pause between", "much, long ago"],
)
def test_who_is_not_is_left_alone(counts: tuple[tuple[int, int], ...]) -> None:
    assert not any(looks(*counts))


def test_a_look_that_comes_late_counts_the_time_that_has_passed() -> None:
    assert not any(looks((0, 0), (15_000, 0), (30_000, 0), every_us=2_000_000))


def test_a_server_that_has_lost_count_accuses_nobody() -> None:
    pace = Pace()
    assert pace.look([Count(WHO, 10**6, 0, 5)]) == []
    assert pace.look([Count(WHO, 10**9, 0, 5)]) == []


def test_who_was_too_fast_is_kept_out_for_a_while() -> None:
    kept = KeptOut()
    kept.add("development", "a-1", 1_000)
    assert kept.why("development", "a-1", 1_000 + KEPT_OUT_MS - 1)
    assert not kept.why("development", "a-1", 1_000 + KEPT_OUT_MS)
    assert not kept.why("staging", "a-1", 1_001)
    for number in range(MOST_KEPT_OUT):
        kept.add("development", f"b-{number}", 1_000)
    assert not kept.why("development", "a-1", 1_001)
