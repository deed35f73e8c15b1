"""Rebuilds what a supervisor knows from the log as it stands now."""

from interlock.bus.ports import Log
from interlock.contracts.subjects import EVERYTHING
from interlock.supervisor.knowledge import Knowledge


async def recover(log: Log) -> Knowledge:
    """Read the log from its beginning; raises IllegalFact when it is not a log of ours."""
    known = Knowledge()
    async for record in log.history([EVERYTHING]):
        known.take(record)
    return known
