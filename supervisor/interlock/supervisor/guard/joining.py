"""How a guard with children joins the bus: its settings, its log lines, its exit code."""

import asyncio
import os

from interlock.bus import logs
from interlock.bus.errors import BusError
from interlock.bus.logs import log
from interlock.bus.process import DONE, INTERNAL, UNREACHABLE, USAGE, read_settings
from interlock.contracts.errors import ContractError
from interlock.supervisor.guard.guard import Guard
from interlock.supervisor.guard.keeper import Keeper
from interlock.supervisor.guard.plan import Plan
from interlock.supervisor.guard.voice import Tell

PRINCIPAL = "guard-1"


async def guard(plan: Plan, keeper: Keeper, tell: Tell, told_to_stop: asyncio.Event) -> int:
    """Guard the children until told to stop; return the exit code."""
    try:
        settings = read_settings(dict(os.environ), principal=PRINCIPAL)
        logs.configure(settings.log, principal=settings.principal)
        kept = await Guard(settings, plan, keeper, tell).run(told_to_stop)
    except (BusError, ContractError) as error:
        log.error("stopped", reason=str(error))
        return UNREACHABLE if isinstance(error, BusError) else USAGE
    return DONE if kept else INTERNAL
