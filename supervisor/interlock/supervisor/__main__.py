"""`python -m interlock.supervisor`: connects, sees that the log is there, leads or stands by till stopped."""

import os
import sys

from interlock.bus.appends import AppendLimits
from interlock.bus.logs import log
from interlock.bus.process import INTERNAL, Settings, open_bus, run
from interlock.bus.stream import StreamSettings, ensure_stream
from interlock.contracts.errors import ContractError
from interlock.supervisor.errors import SupervisorError
from interlock.supervisor.policies import folder_named
from interlock.supervisor.supervisor import Supervisor

# A replicated log needs up to ten seconds to elect another leader.
ACK_S = 30.0


async def main(settings: Settings) -> int:
    """Supervise until cancelled; return the exit code."""
    limits, log_settings = AppendLimits(ack_s=ACK_S), StreamSettings(replicas=_replicas())
    bus = await open_bus(settings, limits=limits)
    try:
        await ensure_stream(bus, log_settings)
        await Supervisor(bus, policies=folder_named()).run()
    except SupervisorError as error:
        log.error("stopped", reason=str(error))
        return INTERNAL
    finally:
        await bus.close()
    return 0


def _replicas() -> int | None:
    """Return on how many servers each record shall stand; None leaves a log as it is."""
    word = os.environ.get("INTERLOCK_REPLICAS", "")
    if word not in {"", "1", "3", "5"}:
        raise ContractError(f"INTERLOCK_REPLICAS is {word!r}: say 1, 3 or 5, or nothing to leave it as it is")
    return int(word) if word else None


if __name__ == "__main__":
    sys.exit(run(main))
