"""Reads hours and time zones as people write them, into minutes and offsets that the core can count with.

When clocks change is looked up here, for some years; who is asked during which hours it must not know.
"""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from interlock.supervisor.errors import MalformedPolicies

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
YEARS_AHEAD = 3
_DAY_MINUTES = 1_440
_MINUTE_S = 60


def minute_of(text: str) -> int:
    """Read `09:30` as minutes from midnight; raise MalformedPolicies for what is no time."""
    hour, colon, minute = str(text).partition(":")
    if colon and hour.isdecimal() and minute.isdecimal() and int(minute) < _MINUTE_S:
        found = int(hour) * _MINUTE_S + int(minute)
        if found <= _DAY_MINUTES:
            return found
    raise MalformedPolicies(f'routing.toml: {text!r} is no time of day, such as "09:30"')


def offsets_of(zone: str, at_ms: int) -> tuple[tuple[int, int], ...]:
    """Return how a zone's clocks differ from UTC, from the beginning of this year for some years."""
    return _offsets(zone, datetime.fromtimestamp(at_ms / 1_000, UTC).year)


@lru_cache(maxsize=64)
def _offsets(zone: str, year: int) -> tuple[tuple[int, int], ...]:
    try:
        clocks = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise MalformedPolicies(f'routing.toml: {zone!r} is no time zone, such as "Europe/Berlin"') from error
    day, end = datetime(year, 1, 1, tzinfo=UTC), datetime(year + YEARS_AHEAD, 1, 1, tzinfo=UTC)
    found = [(_ms(day), _offset(day, clocks))]
    while day < end:
        following = day + timedelta(days=1)
        if _offset(following, clocks) != found[-1][1]:
            moment = _change(day, following, clocks)
            found.append((_ms(moment), _offset(moment, clocks)))
        day = following
    return tuple(found)


def _change(before: datetime, after: datetime, clocks: ZoneInfo) -> datetime:
    """Return the first minute after `before` with the offset of `after`."""
    wanted = _offset(after, clocks)
    low, high = 0, _DAY_MINUTES
    while high - low > 1:
        middle = (low + high) // 2
        same = _offset(before + timedelta(minutes=middle), clocks) == wanted
        low, high = (low, middle) if same else (middle, high)
    return before + timedelta(minutes=high)


def _offset(moment: datetime, clocks: ZoneInfo) -> int:
    offset = moment.astimezone(clocks).utcoffset()
    return 0 if offset is None else int(offset.total_seconds()) // _MINUTE_S


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000)
