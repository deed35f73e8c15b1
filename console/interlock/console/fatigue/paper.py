"""Everybody's numbers as a table, and what to look at below it."""

from collections.abc import Iterable

from interlock.console.fatigue.figures import Figures
from interlock.console.fatigue.ledger import Planted
from interlock.console.fatigue.worries import worries
from interlock.contracts.people import VerdictKind

_HEAD = (
    f"{'person':<16} {'approved':>8} {'edited':>6} {'rejected':>8} {'other':>5} {'yes':>5} "
    f"{'busiest':>8} {'median':>8} {'p90':>8} {'late':>4}  planted"
)
_JUDGED: tuple[VerdictKind, ...] = ("approved", "edited", "rejected")


def table(people: Iterable[Figures], planted: Planted) -> list[str]:
    """Return the lines; none where nobody has decided anything, and nothing was planted."""
    known = list(people)
    lines = [_HEAD, *map(_row, known)] if known else []
    if planted.shown:
        lines.append(
            f"planted: {planted.shown}, caught {planted.caught}, let through {planted.missed}, "
            f"not answered {planted.unanswered}"
        )
    return lines + [f"look: {worry}" for figures in known for worry in worries(figures)]


def _row(figures: Figures) -> str:
    judged = [figures.verdicts.get(kind, 0) for kind in _JUDGED]
    share = "" if figures.approved_share is None else f"{figures.approved_share:.0%}"
    shown = figures.planted_caught + figures.planted_missed
    planted = f"{figures.planted_caught} of {shown} caught" if shown else ""
    return (
        f"{figures.person:<16} {judged[0]:>8} {judged[1]:>6} {judged[2]:>8} "
        f"{figures.decided - sum(judged):>5} {share:>5} {figures.busiest_hour:>6}/h "
        f"{_time(figures.median_s):>8} {_time(figures.p90_s):>8} {figures.late:>4}  {planted}"
    ).rstrip()


def _time(seconds: float | None) -> str:
    if seconds is None:
        return ""
    for most, unit, divisor in ((100, "s", 1), (6_000, "min", 60), (360_000, "h", 3_600)):
        if seconds < most:
            return f"{seconds / divisor:.{1 if seconds < 10 * divisor else 0}f} {unit}"
    return f"{seconds / 86_400:.0f} d"
