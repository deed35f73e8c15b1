"""A supervisor: stands by until nobody leads, leads until somebody else does, and stands by again.

Which of several it is, the log decides; this only goes from one to the other, and gives up when that happens
too often.
"""

import asyncio
import secrets
from collections import deque
from collections.abc import Callable
from pathlib import Path

from interlock.bus.logs import log
from interlock.bus.ports import Bus
from interlock.bus.presence import SILENT_MS
from interlock.contracts.policy import Policies
from interlock.supervisor.core.state import State
from interlock.supervisor.errors import SteppedBack
from interlock.supervisor.leader import Leader
from interlock.supervisor.policies import source_of
from interlock.supervisor.pulse import Pulse
from interlock.supervisor.standby import Standby

MOST_STEPS_BACK = 10
STEPS_BACK_PERIOD_S = 60.0


def _name_life() -> str:
    return secrets.token_hex(8)


class Supervisor:
    """Decides about everything on one bus, as soon as and as long as nobody else does.

    Agents and workers are given up after `silent_ms` without a sign; `name_life` names each time of standing
    by and leading, no two alike. `policies` are those that it says, or the folder where they stand (None: it
    says none).
    """

    def __init__(
        self,
        bus: Bus,
        *,
        silent_ms: int = SILENT_MS,
        name_life: Callable[[], str] = _name_life,
        policies: Path | Policies | None = None,
    ) -> None:
        self._bus = bus
        self._silent_ms = silent_ms
        self._name_life = name_life
        self._policies = source_of(policies)
        self._standby: Standby | None = None
        self._leader: Leader | None = None
        self._steps_back: deque[float] = deque(maxlen=MOST_STEPS_BACK)

    @property
    def state(self) -> State:
        """What it knows now."""
        if self._leader is not None:
            return self._leader.state
        return State() if self._standby is None else self._standby.known.state

    @property
    def leads(self) -> bool:
        """Whether it is the one that decides, as far as it knows."""
        return self._leader is not None

    @property
    def idle(self) -> bool:
        """Whether it leads and everything decided is durable."""
        return self._leader is not None and self._leader.idle

    async def run(self) -> None:
        """Stand by and lead in turn until cancelled.

        Raises SteppedBack when others take the lead again and again, SupervisorError or ContractError for a
        log that is not ours, BusError when the log cannot be reached.
        """
        while True:
            pulse = Pulse(self._bus, self._name_life)
            await pulse.start()
            try:
                await self._serve(pulse)
            except SteppedBack as stepped_back:
                self._count(stepped_back)
            finally:
                self._leader = None
                await pulse.stop()

    async def _serve(self, pulse: Pulse) -> None:
        standby = self._standby = Standby(self._bus, pulse)
        term = await standby.lead()
        self._leader = Leader(
            self._bus, pulse, term, standby.known, silent_ms=self._silent_ms, policies=self._policies
        )
        stamps = standby.stamps
        self._standby = None
        log.info("leading", term=term, tasks=len(self.state.tasks), stamped=len(stamps))
        await self._leader.run(stamps)

    def _count(self, stepped_back: SteppedBack) -> None:
        """Log it; raise it when it was the last of too many in too short a time."""
        log.warning("stepped_back", reason=str(stepped_back))
        now = asyncio.get_running_loop().time()
        self._steps_back.append(now)
        if len(self._steps_back) == MOST_STEPS_BACK and now - self._steps_back[0] < STEPS_BACK_PERIOD_S:
            raise SteppedBack(
                f"others took the lead {MOST_STEPS_BACK} times within {STEPS_BACK_PERIOD_S:.0f} s, the last "
                f"time because {stepped_back}; see that supervisors hear each other"
            )
