"""`python -m interlock.console.notifying`: tells people outside, until stopped. Settings are variables."""

import os
import sys

from interlock.bus.process import DONE, Settings, open_bus, run, say_ready
from interlock.console.errors import ConsoleError
from interlock.console.notifying.notifier import notifying
from interlock.console.notifying.places import file_named, positions_of
from interlock.contracts.errors import ContractError

PRINCIPAL = "notifier-1"


async def main(settings: Settings) -> int:
    """Tell until cancelled; return the exit code."""
    environment = dict(os.environ)
    try:
        path = file_named(None, environment)
        positions = positions_of(settings.principal, environment)
        bus = await open_bus(settings)
        try:
            async with notifying(bus, path, environment, positions) as broken:
                say_ready(settings.ready_fd)
                await broken
        finally:
            await bus.close()
    except ConsoleError as error:
        raise ContractError(str(error)) from error
    return DONE


if __name__ == "__main__":
    sys.exit(run(main, principal=PRINCIPAL))
