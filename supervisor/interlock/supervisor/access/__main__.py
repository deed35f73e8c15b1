"""`python -m interlock.supervisor.access`: admits who may connect, and cuts off whom a kill names."""

import asyncio
import os
import secrets
import sys

from interlock.bus.logs import log
from interlock.bus.process import USAGE, Settings, run, say_ready
from interlock.supervisor.access.errors import AccessError
from interlock.supervisor.access.service import Access
from interlock.supervisor.access.settings import PRINCIPAL, read_settings

INCARNATION_BYTES = 8


async def main(settings: Settings) -> int:
    """Serve until cancelled; return the exit code."""
    try:
        own = read_settings(os.environ)
        access = Access(own, settings, secrets.token_hex(INCARNATION_BYTES))
        try:
            await access.start()
            say_ready(own.ready_fd)
            await asyncio.Event().wait()
        finally:
            await access.stop()
    except AccessError as error:
        log.error("stopped", reason=str(error))
        return USAGE
    return 0


if __name__ == "__main__":
    sys.exit(run(main, principal=PRINCIPAL, share="ordinary"))
