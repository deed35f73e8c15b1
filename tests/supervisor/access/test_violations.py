"""Every attempt is counted, and no flood of them floods the log."""

from hypothesis import given
from hypothesis import strategies as st

from interlock.contracts.observed import Violation
from interlock.supervisor.access.violations import (
    EVERY_MS,
    MOST_OF_ALL,
    MOST_OF_ONE,
    REST,
    SELDOM_MS,
    Attempt,
    Violations,
)


def attempt(target: str = "interlock.decision.4", principal: str = "researcher-1") -> Attempt:
    return Attempt("development", principal, "publish", target)


def due(violations: Violations, now_ms: int) -> list[Violation]:
    return [violation for _, violation in violations.due(now_ms)]


def test_the_first_is_told_at_once_and_repeats_together() -> None:
    # Given an attempt that is told of at once
    violations = Violations(0)
    first = violations.note(attempt(), 0)
    assert first is not None
    assert (first.principal, first.action, first.target, first.times) == (
        "researcher-1",
        "publish",
        "interlock.decision.4",
        1,
    )
    # When it is repeated, then nothing is told before a second is over
    assert [violations.note(attempt(), ms) for ms in range(1, 500)] == [None] * 499
    assert due(violations, EVERY_MS - 1) == []
    # And then all at once
    assert [violation.times for violation in due(violations, EVERY_MS)] == [499]


def test_another_target_action_or_principal_is_another_attempt() -> None:
    violations = Violations(0)
    assert violations.note(attempt(), 0)
    assert violations.note(attempt("interlock.decision.5"), 0)
    assert violations.note(attempt(principal="researcher-2"), 0)
    assert violations.note(Attempt("development", "researcher-1", "subscribe", "interlock.decision.4"), 0)
    assert violations.note(Attempt("staging", "researcher-1", "publish", "interlock.decision.4"), 0)


def test_who_is_refused_for_another_reason_is_told_of_anew() -> None:
    violations = Violations(0)
    for reason in ("the token does not hold: expired_token", "this is no signed token"):
        assert violations.note(Attempt("development", "", "connect", "nkey UABC", reason), 0)
    # What the server says of sizes is no reason of its own
    assert violations.note(Attempt("development", "carol", "payload", "too much", "2 vs 1"), 0)
    assert not violations.note(Attempt("development", "carol", "payload", "too much", "3 vs 1"), 0)


def test_one_that_was_quiet_for_a_while_is_told_at_once_again() -> None:
    violations = Violations(0)
    violations.note(attempt(), 0)
    assert due(violations, EVERY_MS) == []
    assert violations.note(attempt(), EVERY_MS)


def test_one_that_goes_on_is_told_of_less_and_less_often() -> None:
    # Given somebody who tries the same thing every 100 ms, for an hour
    violations = Violations(0)
    told = [violation] if (violation := violations.note(attempt(), 0)) else []
    for ms in range(100, 3_600_000, 100):
        assert violations.note(attempt(), ms) is None
        told += due(violations, ms)
    told += [violation for _, violation in violations.rest()]
    # Then some sixty records tell of all
    assert sum(violation.times for violation in told) == 36_000
    assert len(told) < 3_600_000 / SELDOM_MS + 10


def test_a_flood_of_different_attempts_is_told_of_as_one() -> None:
    # Given somebody who tries ten thousand different things
    violations = Violations(0)
    told = [violations.note(attempt(f"x.{number}"), 0) for number in range(10_000)]
    # Then the first ones are told of one by one
    assert len([each for each in told if each is not None]) == MOST_OF_ONE
    # And the rest in one record that names who did it
    (rest,) = due(violations, EVERY_MS)
    assert (rest.principal, rest.action, rest.target) == ("researcher-1", "flood", REST)
    assert rest.times == 10_000 - MOST_OF_ONE
    # And nobody else is hidden by it
    other = violations.note(attempt(principal="researcher-2"), EVERY_MS)
    assert other is not None
    assert other.principal == "researcher-2"


def test_a_flood_of_many_principals_is_bounded_as_a_whole() -> None:
    violations = Violations(0)
    told = [
        violations.note(attempt(f"x.{target}", f"a-{number}"), 0)
        for number in range(100)
        for target in range(100)
    ]
    assert len([each for each in told if each is not None]) == MOST_OF_ALL


@given(
    st.lists(
        st.tuples(st.integers(0, 5_000), st.sampled_from("abcdef"), st.sampled_from(["", "a-1", "b-1"])),
        max_size=200,
    )
)
def test_no_attempt_is_lost_or_told_twice(steps: list[tuple[int, str, str]]) -> None:
    violations, now, told = Violations(0), 0, 0
    for later, target, principal in steps:
        now += later
        told += sum(violation.times for violation in due(violations, now))
        first = violations.note(attempt(target, principal), now)
        told += first.times if first is not None else 0
    told += sum(violation.times for _, violation in violations.rest())
    assert told == len(steps)
