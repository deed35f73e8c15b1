"""The order in which a rehearsal has the core observe again what it has observed."""

from interlock.console.simulation.rehearsal import TICK, observations
from interlock.contracts.decision import Decision

SILENT = "silent:effects-1"


def decision(task: int, observed: str, *, cause: int = 7, at_ms: int = 100) -> Decision:
    return Decision(task=task, cause=cause, at_ms=at_ms, by="s", facts=(), observed=observed)


def observed(*decisions: Decision) -> list[str]:
    return [seen.what for seen in observations(list(decisions))]


def test_what_comes_at_once_is_observed_once() -> None:
    assert observed(decision(0, SILENT), decision(5, SILENT), decision(5, "")) == [SILENT]


def test_causes_and_times_decide_before_anything_else() -> None:
    later = decision(5, TICK, cause=8, at_ms=90)
    assert observed(later, decision(5, SILENT, at_ms=101), decision(5, "back:x")) == ["back:x", SILENT, TICK]


def test_at_the_same_time_a_tick_is_first() -> None:
    assert observed(decision(0, SILENT), decision(5, TICK)) == [TICK, SILENT]


def test_what_a_task_has_seen_first_is_first() -> None:
    # Given a tick and a silence at the same time, of which another task's record was written earlier
    records = decision(0, SILENT), decision(6, TICK), decision(5, SILENT), decision(5, TICK)
    assert observed(*records) == [SILENT, TICK]
