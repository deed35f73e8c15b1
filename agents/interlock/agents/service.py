"""The service: the main coroutine of an agent's process, from the connection to its end."""

import asyncio
import time
from collections.abc import Sequence

from interlock.agents.handler import Handler
from interlock.agents.station import Station
from interlock.bus.errors import NotPermitted
from interlock.bus.logs import log, structlog
from interlock.bus.process import DONE, Settings, open_bus
from interlock.contracts.charter import Charter


async def serve(
    settings: Settings, charter: Charter, handler: Handler, *, forgotten: Sequence[str] = ()
) -> int:
    """Work until this task is cancelled; return the exit code. Raises BusError when there is no bus."""
    structlog.contextvars.bind_contextvars(role=charter.role)
    if forgotten:
        log.warning("secrets_forgotten", names=list(forgotten), reason="an agent has no use for keys")
    bus = await open_bus(settings)

    def locked_out() -> bool:
        return isinstance(bus.connection.trouble, NotPermitted)

    station = Station(bus, charter, handler, time.monotonic, locked_out)
    bus.connection.watchers.add(station)
    try:
        await station.start()
        await asyncio.Event().wait()
    finally:
        # Who is leaving says no hello over a connection that stands again.
        bus.connection.watchers.discard(station)
        await station.stop("told to stop")
        await bus.close()
    return DONE
