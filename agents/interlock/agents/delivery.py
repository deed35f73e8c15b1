"""Delivery: records that must reach the log, said again until it has them or until that is hopeless."""

import asyncio

from interlock.bus.errors import BusError, LogFull, Unreachable
from interlock.bus.logs import log
from interlock.bus.ports import Bus

TRIES = 30
FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 2.0


async def deliver(bus: Bus, subject: str, data: bytes, *, message_id: str = "") -> None:
    """Append one record, about a minute long if need be; the log keeps one copy for each `message_id`.

    Raises the last BusError when it could not, NotPermitted and TooLarge at once.
    """
    pause_s = FIRST_PAUSE_S
    for tried in range(1, TRIES + 1):
        try:
            await bus.append(subject, data, message_id=message_id)
        except (Unreachable, LogFull) as error:
            if tried == TRIES:
                raise
            log.warning("delivery_repeated", subject=subject, tried=tried, reason=str(error))
        else:
            return
        await asyncio.sleep(pause_s)
        pause_s = min(pause_s * 2, LONGEST_PAUSE_S)


async def deliver_or_log(bus: Bus, subject: str, data: bytes, *, message_id: str = "") -> None:
    """Append one record; when it cannot be, say so and go on: the supervisor sees what is missing."""
    try:
        await deliver(bus, subject, data, message_id=message_id)
    except BusError as error:
        log.warning("delivery_failed", subject=subject, reason=str(error))
