"""What the guard hears: kills as they are said, where they stand in the log, and what was decided about them.

It connects when it can and never gives up: children run meanwhile, and agents that are not started yet wait.
What follows from what is heard, `on_change` is told; it is not known here.
"""

import asyncio
from collections.abc import Callable

from interlock.bus import jetstream
from interlock.bus.clock import now_us
from interlock.bus.errors import BusError, NotPermitted
from interlock.bus.logs import log
from interlock.bus.nats_bus import NatsBus
from interlock.bus.ports import Bus, Message, Record, Subscription
from interlock.bus.process import Settings, open_bus
from interlock.contracts import limits
from interlock.contracts.control import Control
from interlock.contracts.decision import Decision
from interlock.contracts.errors import ContractError
from interlock.contracts.message import decode
from interlock.contracts.scope import Scope, read_scope
from interlock.contracts.subjects import CONTROLS, FLEET_DECISIONS, read_input
from interlock.supervisor.guard.switches import Switches

VERBS = {"kill", "resume"}
REFUSED_S = 10.0
# Within this time the log shows what it has stored.
TAKE_BACK_S = 1.0
MOST_EARLY = 64
FIRST_PAUSE_S = 0.05
NO_LOG_PAUSE_S = 0.1
LONGEST_PAUSE_S = 1.0

OnChange = Callable[[frozenset[str], int, str], None]


class Ears:
    """One guard's connection to the bus.

    `on_change(killed, told_us, reason)` is called after each thing heard: these agents shall end now, and
    `switches.held` is who may not run. `known` is set once the switches are.
    """

    def __init__(self, settings: Settings, switches: Switches, on_change: OnChange) -> None:
        self.known = asyncio.Event()
        self._settings = settings
        self._switches = switches
        self._on_change = on_change
        self._controls_seq = self._fleet_seq = 1
        self._listening: list[Subscription] = []
        self._early: dict[tuple[str, bytes], float] = {}

    async def connect(self) -> NatsBus:
        """Connect, however long that takes; raise NotPermitted when the key is refused for ten seconds.

        Raises MalformedKey when there is none to show.
        """
        settings = self._settings
        loop = asyncio.get_running_loop()
        refused_until: float | None = None
        while True:
            try:
                return await open_bus(settings, patience_s=0)
            except NotPermitted:
                refused_until = refused_until or loop.time() + REFUSED_S
                if loop.time() > refused_until:
                    raise
            except BusError as error:
                log.info("guard_waits_for_bus", reason=str(error))
                refused_until = None
            await asyncio.sleep(LONGEST_PAUSE_S / 2)

    async def start(self, bus: Bus) -> None:
        """Hear everything from now on, and what stands in the log already; returns when all is followed."""
        self._listening.append(await bus.listen(CONTROLS, self.on_message))
        pause_s = FIRST_PAUSE_S
        while True:
            try:
                await self._catch_up(bus)
                await self._follow(bus)
            except jetstream.Refusal as refusal:
                if refusal.err_code == jetstream.NO_STREAM:
                    # Nothing was ever said here, and may be as soon as there is a log.
                    self._know()
                    pause_s = min(pause_s, NO_LOG_PAUSE_S)
                reason = str(refusal)
            except NotPermitted:
                raise
            except BusError as error:
                reason = str(error)
            else:
                return
            log.info("guard_waits_for_log", reason=reason)
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)

    async def stop(self) -> None:
        """Hear nothing more."""
        for subscription in self._listening:
            await subscription.stop()

    async def _catch_up(self, bus: Bus) -> None:
        """Read which switches hold, then what nobody has decided about."""
        async for record in bus.history([FLEET_DECISIONS], start_seq=self._fleet_seq, consumer="fleet"):
            self._fleet_seq = record.seq + 1
            self._decided(record)
        self._controls_seq = max(self._controls_seq, self._switches.decided_seq + 1)
        async for record in bus.history([CONTROLS], start_seq=self._controls_seq, consumer="controls"):
            self.on_control(record)
        self._know()

    def _know(self) -> None:
        if not self.known.is_set():
            self.known.set()
            self._on_change(frozenset(), 0, "")

    async def _follow(self, bus: Bus) -> None:
        self._listening += [
            await bus.follow(
                [FLEET_DECISIONS], self.on_decision, start_seq=self._fleet_seq, consumer="fleet"
            ),
            await bus.follow([CONTROLS], self.on_control, start_seq=self._controls_seq, consumer="controls"),
        ]

    def on_message(self, message: Message) -> None:
        """Obey at once: this is the first that anybody hears of it."""
        self._said(message.subject, message.data, 0)

    def on_control(self, record: Record) -> None:
        """Note where it stands, and obey if this is the first that is heard of it."""
        self._controls_seq = record.seq + 1
        self._said(record.subject, record.data, record.seq)

    def _said(self, subject: str, data: bytes, seq: int) -> None:
        told_us = now_us()
        try:
            said = read_input(subject)
            if said.verb not in VERBS:
                return
            scope = read_scope(said.rest)
        except ContractError as error:
            log.warning("control_not_read", subject=subject, reason=str(error))
            return
        names = self._switches.concerned(scope)
        if not names:
            return
        if said.verb == "resume":
            self._resumed(scope)
        elif self._killed(scope, seq, (subject, data)):
            self._on_change(
                names, told_us, f"{said.principal} killed {scope}{_why(data)}"[: limits.MAX_REASON_CHARS]
            )
            log.warning("kill_heard", scope=str(scope), by=said.principal, record=seq)
        else:
            self._on_change(frozenset(), told_us, "")

    def _killed(self, scope: Scope, seq: int, said: tuple[str, bytes]) -> bool:
        """Note a kill; return whether it was not heard before.

        The log may be quicker than the plain message, which then tells nothing that is not known.
        """
        now_s = asyncio.get_running_loop().time()
        if seq:
            news = self._switches.logged(scope, seq)
            self._early = {key: at_s for key, at_s in self._early.items() if now_s - at_s < TAKE_BACK_S}
            if news and len(self._early) < MOST_EARLY:
                self._early[said] = now_s
            return news
        if now_s - self._early.pop(said, -TAKE_BACK_S) < TAKE_BACK_S:
            return False
        self._switches.heard(scope)
        return True

    def _resumed(self, scope: Scope) -> None:
        """Take back what was killed and never stored; a kill that is stored is for the supervisor to undo."""
        heard = self._switches.unsettled(scope)
        if heard:
            asyncio.get_running_loop().call_later(TAKE_BACK_S, self._take_back, scope, heard)

    def _take_back(self, scope: Scope, heard: int) -> None:
        self._switches.take_back(scope, heard)
        self._on_change(frozenset(), 0, "")

    def on_decision(self, record: Record) -> None:
        """Do what was decided about the fleet."""
        self._fleet_seq = record.seq + 1
        self._decided(record)

    def _decided(self, record: Record) -> None:
        told_us = now_us()
        try:
            decision = decode(Decision, record.data)
        except ContractError as error:
            log.warning("decision_not_read", seq=record.seq, reason=str(error))
            return
        before = self._switches.held
        condemned = self._switches.decided(decision)
        killed = self._switches.held - before
        if condemned:
            log.warning("condemned", agents=sorted(condemned), record=record.seq)
        self._on_change(killed, told_us, "a kill was decided")
        self._on_change(condemned - killed, told_us, "it had not stopped what was killed")


def _why(data: bytes) -> str:
    try:
        reason = decode(Control, data).reason
    except ContractError:
        return ""
    return f": {reason}" if reason else ""
