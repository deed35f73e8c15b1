"""Says what is wrong with routes and calendars: who is asked next must come to an end, hours must exist."""

from collections.abc import Iterator

from interlock.contracts.policy import Calendar, Policies


def wrong_routes(bundle: Policies) -> Iterator[str]:
    """Yield a sentence for everything that cannot be followed."""
    calendars = [calendar.name for calendar in bundle.calendars]
    by_role = {route.role: route for route in bundle.routes}
    for name in sorted({name for name in calendars if calendars.count(name) > 1}):
        yield f"routing.toml: the calendar {name} is there twice"
    if len(by_role) < len(bundle.routes):
        yield "routing.toml: a role has more than one route"
    for calendar in bundle.calendars:
        yield from _wrong_hours(calendar)
    for route in bundle.routes:
        which = f"routing.toml: the route of {route.role}"
        if route.calendar and route.calendar not in calendars:
            yield f"{which} names the calendar {route.calendar}, which is not there"
        if route.then and not route.after_s:
            yield f"{which} goes on to {route.then}, but not after how long: say after_s"
        seen, following = {route.role}, route.then
        while following in by_role and following not in seen:
            seen.add(following)
            following = by_role[following].then
        if following in seen:
            yield f"{which} comes back to {following}: it has to end"


def _wrong_hours(calendar: Calendar) -> Iterator[str]:
    if calendar.closes_minute <= calendar.opens_minute:
        yield f"routing.toml: the calendar {calendar.name} closes before it opens"
    if not calendar.days:
        yield f"routing.toml: the calendar {calendar.name} has no days"
    times = [at_ms for at_ms, _ in calendar.offsets]
    if not times or times != sorted(times):
        yield f"routing.toml: the calendar {calendar.name} has offsets that are not in order"
