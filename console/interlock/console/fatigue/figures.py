"""What the habits of people come to in numbers. Times in seconds; None where nothing was decided."""

import statistics

import msgspec

from interlock.console.fatigue.habits import Habits
from interlock.contracts.people import VerdictKind

HOUR_MS = 3_600_000
_NINTH = 8


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """One person in numbers.

    `approved_share` is of all that was approved, edited or rejected; `busiest_hour` the most verdicts within
    any sixty minutes, `per_hour` those of the whole time.
    """

    person: str
    verdicts: dict[VerdictKind, int]
    decided: int
    per_hour: float
    busiest_hour: int
    approved_share: float | None
    median_s: float | None
    p90_s: float | None
    total_s: float
    late: int
    planted_caught: int
    planted_missed: int


def figures_of(person: str, habits: Habits, span_ms: int) -> Figures:
    """Return a person's numbers over a time of so many milliseconds."""
    verdicts = habits.verdicts
    judged = verdicts["approved"] + verdicts["edited"] + verdicts["rejected"]
    took_s = [took_ms / 1_000 for took_ms in habits.took_ms]
    return Figures(
        person=person,
        verdicts={kind: number for kind, number in sorted(verdicts.items()) if number},
        decided=verdicts.total(),
        per_hour=round(verdicts.total() * HOUR_MS / max(span_ms, HOUR_MS), 2),
        busiest_hour=_busiest(habits.said_ms),
        approved_share=verdicts["approved"] / judged if judged else None,
        median_s=round(statistics.median(took_s), 3) if took_s else None,
        p90_s=round(_p90(took_s), 3) if took_s else None,
        total_s=round(sum(took_s), 3),
        late=habits.late,
        planted_caught=habits.caught,
        planted_missed=habits.missed,
    )


def _p90(values: list[float]) -> float:
    return statistics.quantiles(values, n=10, method="inclusive")[_NINTH] if len(values) > 1 else values[0]


def _busiest(moments_ms: list[int]) -> int:
    """Return the most moments within any hour."""
    most = first = 0
    ordered = sorted(moments_ms)
    for last, at_ms in enumerate(ordered):
        while ordered[first] <= at_ms - HOUR_MS:
            first += 1
        most = max(most, last - first + 1)
    return most
