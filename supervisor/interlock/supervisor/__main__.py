"""`python -m interlock.supervisor`: connects, sees that the log is there, decides until stopped."""

import sys

from interlock.bus.identity import load
from interlock.bus.nats_bus import connect
from interlock.bus.process import INTERNAL, Settings, run
from interlock.bus.stream import ensure_stream
from interlock.supervisor.errors import SupervisorError
from interlock.supervisor.supervisor import Supervisor, log


async def main(settings: Settings) -> int:
    """Supervise until cancelled; return the exit code."""
    key = load(settings.key_file).seed if settings.key_file else None
    bus = await connect(settings.url, settings.principal, key=key)
    try:
        await ensure_stream(bus)
        await Supervisor(bus).run()
    except SupervisorError as error:
        log.error("stopped", reason=str(error))
        return INTERNAL
    finally:
        await bus.close()
    return 0


if __name__ == "__main__":
    sys.exit(run(main))
