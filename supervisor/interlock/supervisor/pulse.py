"""Signs of life between supervisors: this one's own beat, and whether the leader's has fallen silent.

A supervisor hears its own beats come back. Who does not is deaf, or was not at work itself: then another's
silence means nothing, and it says nothing to anybody, for somebody else may have taken the lead meanwhile.
Clocks decide here when to try and when to be quiet; that there is one writer is decided by the log.
"""

from collections.abc import Callable
from contextlib import suppress

from interlock.bus.clock import monotonic_ms
from interlock.bus.logs import log
from interlock.bus.ports import Bus, Message, Subscription
from interlock.bus.presence import Beater
from interlock.contracts.errors import ContractError
from interlock.contracts.message import decode, encode
from interlock.contracts.presence import Beat
from interlock.contracts.subjects import BEATS

BEAT_S = 0.2
SILENT_MS = 1_000
# Shorter than the silence that others wait for, so that who was frozen has not spoken when they lead.
SURE_MS = 700
LATE_MS = 700


class Pulse:
    """Beats in the name of this `life`, and listens; `on_beat(principal)` is called for every beat."""

    def __init__(self, bus: Bus, name_life: Callable[[], str]) -> None:
        self.life = name_life()
        self._name_life = name_life
        self.on_beat: Callable[[str], None] = _nobody
        self._bus = bus
        self._principal = bus.principal
        self._beater = Beater(bus, self._principal, self._beat, every_s=BEAT_S)
        self._listening: Subscription | None = None
        self._watched_principal = self._watched = ""
        self._heard_ms = self._looked_ms = monotonic_ms()
        self._proved_ms: int | None = None
        self._beaten_ms = 0

    async def start(self) -> None:
        """Begin; raises BusError."""
        self._listening = await self._bus.listen(BEATS, self._heard)
        await self._beater.start()

    async def stop(self) -> None:
        """Fall silent."""
        await self._beater.stop()
        if self._listening is not None:
            await self._listening.stop()

    def begin_anew(self) -> None:
        """Begin another life: what was written in the name of this one is another's."""
        self.life = self._name_life()

    @property
    def sure(self) -> bool:
        """Whether this process was heard on the bus a moment ago, so that nobody has missed it."""
        return self._proved_ms is not None and monotonic_ms() - self._proved_ms < SURE_MS

    def watch(self, principal: str, life: str) -> None:
        """Let the silence of this life of a principal be counted, from now on."""
        self._watched_principal, self._watched = principal, life
        self._heard_ms = monotonic_ms()

    def watched_is_silent(self) -> bool:
        """Tell whether the watched life has not been heard for too long."""
        return self._look() - self._heard_ms > SILENT_MS

    def _look(self) -> int:
        """Begin to count anew when this process did not hear anything itself; look often. Return the time."""
        now = monotonic_ms()
        late, self._looked_ms = now - self._looked_ms > LATE_MS, now
        if late or self._proved_ms is None or now - self._proved_ms >= SURE_MS:
            self._heard_ms = now
        return now

    def _beat(self) -> bytes:
        now = self._look()
        if self._beaten_ms and now - self._beaten_ms > SURE_MS:
            log.warning("late_beat", after_ms=now - self._beaten_ms)
        self._beaten_ms = now
        return encode(Beat(incarnation=self.life, sent_ms=now))

    def _heard(self, message: Message) -> None:
        principal = message.subject.rsplit(".", 1)[-1]
        self.on_beat(principal)
        if principal not in (self._principal, self._watched_principal):
            return
        with suppress(ContractError):
            beat = decode(Beat, message.data)
            if beat.incarnation == self._watched:
                self._heard_ms = monotonic_ms()
            if beat.incarnation == self.life:
                self._proved_ms = max(self._proved_ms or 0, beat.sent_ms)


def _nobody(_principal: str) -> None:
    return
