"""What about somebody's numbers a colleague should look at, in plain words; it accuses nobody."""

from interlock.console.fatigue.figures import Figures

ENOUGH = 10
"""Fewer verdicts say nothing."""
QUICK_S = 5.0
MOST_PER_HOUR = 30
LATE_SHARE = 0.2


def worries(figures: Figures) -> list[str]:
    """Return a sentence for each; none is the usual case."""
    who, found = figures.person, list[str]()
    if figures.planted_missed:
        shown = figures.planted_missed + figures.planted_caught
        found.append(f"{who} let {figures.planted_missed} of {shown} planted requests through")
    if figures.decided < ENOUGH:
        return found
    median_s = figures.median_s or 0.0
    if figures.approved_share == 1:
        speed = f", half of them within {median_s:.0f} s" if median_s <= QUICK_S else ""
        found.append(f"{who} approved 100 % of {figures.decided}{speed}")
    elif median_s <= QUICK_S:
        found.append(f"{who} decided half of {figures.decided} within {median_s:.0f} s")
    if figures.busiest_hour > MOST_PER_HOUR:
        found.append(f"{who} decided {figures.busiest_hour} in one hour: more than anybody can look at")
    if figures.late > figures.decided * LATE_SHARE:
        found.append(f"{who} came too late {figures.late} times: who else could be asked?")
    return found
