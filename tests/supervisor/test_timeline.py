"""The time of decisions never runs backwards, and never stands still, whatever the clocks say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.supervisor import timeline
from interlock.supervisor.timeline import Timeline

DAY_MS = 86_400_000


class Clocks:
    """The clock of a machine, which can be wrong, and the time that passes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.wall_ms = 10 * DAY_MS
        self.passed_ms = 0
        monkeypatch.setattr(timeline, "now_ms", lambda: self.wall_ms + self.passed_ms)
        monkeypatch.setattr(timeline, "monotonic_ms", lambda: self.passed_ms)


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> Clocks:
    return Clocks(monkeypatch)


def test_it_is_the_clocks_time_when_the_log_is_older(clocks: Clocks) -> None:
    assert Timeline(9 * DAY_MS).now_ms() == clocks.wall_ms


def test_behind_a_leader_whose_clock_was_ahead_time_goes_on_at_its_pace(clocks: Clocks) -> None:
    time = Timeline(11 * DAY_MS)
    assert time.now_ms() == 11 * DAY_MS
    clocks.passed_ms += 5_000
    assert time.now_ms() == 11 * DAY_MS + 5_000


def test_a_clock_that_is_set_back_does_not_take_time_back(clocks: Clocks) -> None:
    time = Timeline()
    time.reach(time.now_ms())
    clocks.wall_ms -= DAY_MS
    assert time.now_ms() == 10 * DAY_MS


def test_after_a_clock_was_set_back_time_goes_on_at_its_pace(clocks: Clocks) -> None:
    time = Timeline()
    time.at_ms(10 * DAY_MS + 3)
    clocks.wall_ms -= DAY_MS
    clocks.passed_ms += 5_000
    assert time.now_ms() == 10 * DAY_MS + 3 + 5_000


def test_an_input_is_decided_about_when_it_was_stored_or_after_what_was_decided(clocks: Clocks) -> None:
    time = Timeline()
    assert time.at_ms(clocks.wall_ms + 7) == clocks.wall_ms + 7
    assert time.at_ms(clocks.wall_ms + 5) == clocks.wall_ms + 7


def test_a_look_at_the_clock_leaves_no_trace(clocks: Clocks) -> None:
    # What decided nothing does not stand in the log, so nobody who replays could know of it
    time = Timeline()
    clocks.passed_ms += 1_000
    time.now_ms()
    assert time.at_ms(clocks.wall_ms) == clocks.wall_ms


@given(st.lists(st.integers(0, DAY_MS)))
def test_it_never_runs_backwards(stored: list[int]) -> None:
    time = Timeline()
    times = [time.at_ms(each) for each in stored]
    assert times == sorted(times)
