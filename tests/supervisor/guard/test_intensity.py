from hypothesis import given
from hypothesis import strategies as st

from interlock.supervisor.guard.intensity import Deaths, Intensity

RULE = Intensity(restarts=2, period_s=10.0)


def died_at(*seconds: float) -> Deaths:
    deaths = Deaths()
    for at_s in seconds:
        deaths = deaths.after(at_s, RULE)
    return deaths


def test_as_many_deaths_as_restarts_are_borne() -> None:
    assert not died_at(0, 1).are_too_many(RULE)
    assert died_at(0, 1, 2).are_too_many(RULE)


def test_deaths_long_ago_are_forgotten() -> None:
    assert not died_at(0, 1, 10.5).are_too_many(RULE)
    assert died_at(0, 1, 9.9).are_too_many(RULE)


@given(st.lists(st.floats(min_value=10.0, max_value=100.0), max_size=50))
def test_one_that_dies_more_rarely_than_the_period_lives_for_ever(pauses_s: list[float]) -> None:
    at_s, deaths = 0.0, Deaths()
    for pause_s in pauses_s:
        at_s += pause_s
        deaths = deaths.after(at_s, RULE)
        assert not deaths.are_too_many(RULE)
        assert len(deaths.at_s) <= RULE.restarts + 1
