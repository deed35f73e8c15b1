"""Times of a stop in words: how long a pause lasts, how fast a kill was, when something was. Only writes."""

import re
from datetime import datetime

from interlock.console.errors import BadInput
from interlock.contracts.limits import MAX_PAUSE_S

SECONDS_OF = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_SPAN = re.compile(r"([0-9]{1,9})([smhd])")


def read_span(text: str) -> int:
    """Return a span such as 90s, 10m, 2h or 1d as seconds; raises BadInput for what is none."""
    found = _SPAN.fullmatch(text)
    span_s = int(found[1]) * SECONDS_OF[found[2]] if found else 0
    if not 1 <= span_s <= MAX_PAUSE_S:
        raise BadInput(
            f"{text[:40]!r} is no span of time: write 90s, 10m, 2h or 1d, at most {said_span(MAX_PAUSE_S)}"
        )
    return span_s


def said_span(span_s: int) -> str:
    """Return seconds in the largest unit that holds them exactly."""
    unit = max((u for u in SECONDS_OF if span_s % SECONDS_OF[u] == 0), key=lambda u: SECONDS_OF[u])
    return f"{span_s // SECONDS_OF[unit]}{unit}"


def said_us(span_us: int) -> str:
    """Return microseconds as a person reads them: 0.7 ms, 12 ms, 1.2 s."""
    sign, size_us = "-" if span_us < 0 else "", abs(span_us)
    if round(size_us / 1_000, 1) < 10:
        return f"{sign}{size_us / 1_000:.1f} ms"
    if round(size_us / 1_000) < 1_000:
        return f"{sign}{size_us / 1_000:.0f} ms"
    if round(size_us / 1_000_000, 1) < 100:
        return f"{sign}{size_us / 1_000_000:.1f} s"
    return f"{sign}{size_us / 1_000_000:,.0f} s"


def said_moment(at_ms: int) -> str:
    """Return a time of the log as local time, to the second, with its zone."""
    return f"{datetime.fromtimestamp(at_ms / 1_000).astimezone():%Y-%m-%d %H:%M:%S %Z}"


def said_instant(at_us: int) -> str:
    """Return a time of the log as local time with its zone, to the millisecond."""
    local = datetime.fromtimestamp(at_us // 1_000 / 1_000).astimezone()
    return f"{local.isoformat(sep=' ', timespec='milliseconds')}"
