"""`python -m interlock.supervisor`: connects, sees that the log is there, leads or stands by till stopped."""

import sys

from interlock.bus.appends import AppendLimits
from interlock.bus.identity import load
from interlock.bus.nats_bus import connect
from interlock.bus.process import INTERNAL, Settings, run
from interlock.bus.stream import ensure_stream
from interlock.supervisor.errors import SupervisorError
from interlock.supervisor.supervisor import Supervisor, log

# A replicated log needs up to ten seconds to elect another leader.
ACK_S = 30.0


async def main(settings: Settings) -> int:
    """Supervise until cancelled; return the exit code."""
    key = load(settings.key_file).seed if settings.key_file else None
    limits = AppendLimits(ack_s=ACK_S)
    bus = await connect(settings.url, settings.principal, key=key, limits=limits)
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
