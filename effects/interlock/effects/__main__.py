"""Start one effect worker: `python -m interlock.effects`. Settings come from the environment alone."""

import asyncio
import os
import sys

from interlock.bus import process
from interlock.contracts.errors import ContractError
from interlock.effects.calls import Calls
from interlock.effects.errors import EffectError
from interlock.effects.settings import read_settings
from interlock.effects.worker import Worker


async def _work(settings: process.Settings) -> int:
    try:
        mine = read_settings(os.environ)
        calls = Calls(mine)
    except EffectError as error:
        raise ContractError(str(error)) from error
    bus = await process.open_bus(settings)
    try:
        worker = Worker(bus, calls, mine.capacity)
        bus.connection.watchers.add(worker)
        await worker.start()
        try:
            await asyncio.Event().wait()
        finally:
            await worker.stop("told to stop")
    finally:
        await bus.close()
    return process.DONE


if __name__ == "__main__":
    sys.exit(process.run(_work, principal="effects-1", share="first"))
