"""Who is asked next when nobody answers, and when: arithmetic on routes and calendars alone."""

from bisect import bisect_right

from interlock.contracts.policy import AtLast, Calendar, Route
from interlock.supervisor.core.state import State

_DAY_MS = 86_400_000
_MINUTE_MS = 60_000
_EPOCH_WEEKDAY = 3
MOST_DAYS = 3_660


def route_of(state: State, desk: str) -> Route | None:
    """Return what happens when nobody at this desk answers; None: it waits."""
    if state.policies is None:
        return None
    return next((route for route in state.policies.bundle.routes if route.role == desk), None)


def deadline_of(state: State, desk: str, now_ms: int) -> int | None:
    """Return until when a desk has time that is asked now; None: for ever."""
    route = route_of(state, desk)
    if route is None or not route.after_s or state.policies is None:
        return None
    calendars = state.policies.bundle.calendars
    calendar = next((one for one in calendars if one.name == route.calendar), None)
    needed_ms = route.after_s * 1_000
    return now_ms + needed_ms if calendar is None else after_open(calendar, now_ms, needed_ms)


def last_of(state: State, desk: str) -> AtLast:
    """Return what happens when nobody of a whole ladder has answered."""
    seen: set[str] = set()
    route = route_of(state, desk)
    while route is not None and route.then and route.then not in seen:
        seen.add(route.role)
        following = route_of(state, route.then)
        if following is None:
            return "park"
        route = following
    return "park" if route is None else route.at_last


def after_open(calendar: Calendar, from_ms: int, needed_ms: int) -> int | None:
    """Return when a calendar has been open for so long; None: not within ten years."""
    first = (from_ms + _offset_ms(calendar, from_ms)) // _DAY_MS
    for day in range(first, first + MOST_DAYS):
        if (day + _EPOCH_WEEKDAY) % 7 not in calendar.days:
            continue
        opens_ms = max(from_ms, _utc_ms(calendar, day, calendar.opens_minute))
        closes_ms = _utc_ms(calendar, day, calendar.closes_minute)
        open_ms = max(0, closes_ms - opens_ms)
        if needed_ms <= open_ms:
            return opens_ms + needed_ms
        needed_ms -= open_ms
    return None


def _utc_ms(calendar: Calendar, day: int, minute: int) -> int:
    """Return the moment at which clocks there show this minute of this day."""
    local_ms = day * _DAY_MS + minute * _MINUTE_MS
    guess_ms = local_ms - _offset_ms(calendar, local_ms)
    return local_ms - _offset_ms(calendar, guess_ms)


def _offset_ms(calendar: Calendar, at_ms: int) -> int:
    place = bisect_right(calendar.offsets, at_ms, key=lambda change: change[0])
    return calendar.offsets[max(0, place - 1)][1] * _MINUTE_MS
