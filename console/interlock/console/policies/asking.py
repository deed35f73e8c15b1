"""Whom policies ask, and for whom of them nobody is known who answers, in an environment that runs.

A folder can be checked anywhere, so that nothing runs, or cannot be asked, makes no folder a bad one.
"""

from collections.abc import Iterable

from interlock.bus.clock import now_ms
from interlock.bus.errors import BusError
from interlock.console.environment import Where, connected, find
from interlock.console.errors import ConsoleError, NotRunning
from interlock.console.people.reading import read_known
from interlock.console.people.vacancies import vacancy
from interlock.contracts.people import Need
from interlock.contracts.policy import Policies
from interlock.supervisor.core.policy.compiling import Policy


def asked_by(policies: Iterable[Policy], bundle: Policies) -> list[Need]:
    """Return each role that policies or routes ask, with the most people that it takes of it."""
    most: dict[str, int] = {}
    for need in (policy.obligations.need for policy in policies):
        if need is not None:
            most[need.role] = max(need.quorum, most.get(need.role, 1))
    for route in bundle.routes:
        for role in filter(None, (route.role, route.then)):
            most.setdefault(role, 1)
    return [Need(role=role, quorum=quorum) for role, quorum in sorted(most.items())]


async def vacancies(where: Where, needs: Iterable[Need]) -> list[str]:
    """Return a sentence for each role of which too few are known; none where nothing runs."""
    try:
        async with connected(find(where)) as bus:
            docket = await read_known(bus)
    except NotRunning:
        return []
    except (ConsoleError, BusError) as error:
        return [f"who is known cannot be said: {error}"]
    at_ms = now_ms()
    return [lack for need in needs if (lack := vacancy(docket, need, at_ms))]
