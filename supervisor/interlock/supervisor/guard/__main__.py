"""`python -m interlock.supervisor.guard`: starts what the plan says, and guards it until told to stop.

The plan is the file that INTERLOCK_GUARD_PLAN names. Unlike its children this process is not patient: who
has to stop others runs before them, where that is permitted. Exit codes: 0 told to stop, 1 a child had to be
given up, 2 something to correct here, 7 the bus refuses this guard.
"""

import asyncio
import gc
import os
import signal
import sys
from pathlib import Path

from interlock.bus.patience import come_first
from interlock.supervisor.errors import MalformedPlan
from interlock.supervisor.guard import cage, kernel, plan
from interlock.supervisor.guard.keeper import Keeper
from interlock.supervisor.guard.voice import Voice

PLAN = "INTERLOCK_GUARD_PLAN"
USAGE = 2


def main() -> int:
    """Guard; return the exit code."""
    try:
        _die_with(os.environ.get("INTERLOCK_PARENT", "0"))
        wanted = plan.read(Path(os.environ.get(PLAN, "")))
    except MalformedPlan as error:
        sys.stderr.write(f"{error}\n")
        return USAGE
    kernel.adopt_orphans()
    return asyncio.run(_guard(wanted))


async def _guard(wanted: plan.Plan) -> int:
    told_to_stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told_to_stop.set)
    tell = Voice().say
    keeper = Keeper(wanted, tell)
    keeper.held = frozenset(child.name for child in wanted.children if child.role == "agent")
    keeper.start(cage.find())
    # What the bus needs takes longer to load than children take to start: they come first.
    from interlock.supervisor.guard import joining  # noqa: PLC0415 - as said above

    gc.freeze()
    come_first()
    return await joining.guard(wanted, keeper, tell, told_to_stop)


def _die_with(parent: str) -> None:
    """End in order when the process that started this one ends."""
    if parent.isdecimal() and int(parent):
        kernel.die_with_starter(signal.SIGTERM)
        if os.getppid() != int(parent):
            raise MalformedPlan(f"the process {parent} that started this guard is gone already")


if __name__ == "__main__":
    sys.exit(main())
