"""One guard: puts together who keeps the children, who hears the bus, and who says what was seen.

Children are started before there is a bus (the one who admits the guard to it is one of them). Agents wait
until the switches are known: whoever is killed is not started. Why it gives up, it says on the log before it
ends anybody.
"""

import asyncio
import secrets
import socket
from typing import Any

from interlock.bus.logs import log
from interlock.bus.nats_bus import NatsBus
from interlock.bus.presence import Beater
from interlock.bus.process import Settings
from interlock.contracts.message import encode, line
from interlock.contracts.observed import GuardHello, ProcessExited
from interlock.contracts.presence import Beat, Bye
from interlock.supervisor.guard import voice
from interlock.supervisor.guard.ears import Ears
from interlock.supervisor.guard.keeper import Keeper
from interlock.supervisor.guard.life import Life
from interlock.supervisor.guard.plan import Plan
from interlock.supervisor.guard.reports import Reports
from interlock.supervisor.guard.switches import Switches

SWEEP_S = 1.0
SETTLE_S = 0.5
# Within this time a bus that is there has admitted a guard.
JOIN_S = 2.0


class Guard:
    """Everything of a guard but its children, which `keeper` has begun to start."""

    def __init__(self, settings: Settings, plan: Plan, keeper: Keeper, tell: voice.Tell) -> None:
        self._settings = settings
        self._keeper = keeper
        self._tell = tell
        self._incarnation = secrets.token_hex(8)
        self._host = socket.gethostname()
        self._logs = {child.name: child.log for child in plan.children}
        self._switches = Switches(plan.children)
        self._ears = Ears(settings, self._switches, self._on_change)
        self._reports = Reports(settings.principal, self._incarnation)
        self._beater: Beater | None = None
        self._bus: NatsBus | None = None
        self._joined = asyncio.Event()
        keeper.on_exit = self._on_exit

    async def run(self, told_to_stop: asyncio.Event) -> bool:
        """Guard until told to stop, then end all children; return False when they had to be given up.

        Raises NotPermitted when the bus refuses this guard for good: who cannot hear a kill guards nobody.
        """
        loop = asyncio.get_running_loop()
        # First of all that it says: who is not known is not believed.
        self._say_hello()
        hearing = loop.create_task(self._hear())
        others = [loop.create_task(self._sweep()), loop.create_task(self._say_up())]
        told = loop.create_task(told_to_stop.wait())
        ends: set[asyncio.Future[Any]] = {hearing, told, self._keeper.escalated}
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        escalated = self._keeper.escalated.done()
        if escalated:
            await self._give_up(self._keeper.escalated.result(), hearing)
        elif hearing.done() and not told.done():
            self._tell(voice.GaveUp(self._settings.principal, str(hearing.exception())))
        for task in (*others, told):
            task.cancel()
        await self._keeper.stop()
        refused = hearing.exception() if hearing.done() else None
        hearing.cancel()
        await self._leave()
        if refused is not None:
            raise refused
        return not escalated

    def lost(self) -> None:
        """Go on: the children run, what is seen is said later, and what is missed stands in the log."""

    def restored(self) -> None:
        """Say hello again: the supervisor may have given this guard up."""
        self._say_hello()

    def refused(self, subject: str) -> None:
        """Do nothing: the report that was refused hears of it."""

    async def _hear(self) -> None:
        await self._keeper.complete()
        self._bus = bus = await self._ears.connect()
        await self._ears.start(bus)
        bus.connection.watchers.add(self)
        self._reports.join(bus)
        self._joined.set()
        self._beater = Beater(bus, bus.principal, self._beat, was_silent=self._say_hello)
        await self._beater.start()
        await asyncio.Event().wait()

    async def _say_up(self) -> None:
        await self._keeper.completed.wait()
        if self._switches.agents:
            await self._ears.known.wait()
        self._tell(voice.Up(tuple(sorted(self._keeper.held))))

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_S)
            strays = self._keeper.sweep()
            if strays:
                log.warning("strays_killed", count=strays)

    def _on_change(self, killed: frozenset[str], told_us: int, reason: str) -> None:
        self._keeper.held = self._switches.held if self._ears.known.is_set() else self._switches.agents
        self._keeper.kill(killed, told_us, reason)
        self._keeper.fill()

    async def _give_up(self, gave_up: voice.GaveUp, hearing: asyncio.Future[Any]) -> None:
        """Say because of whom everything is stopped, and wait for a bus that takes it, at most so long."""
        log.error("gave_up", reason=gave_up.reason)
        self._tell(gave_up)
        advice = (
            f"correct that (its log: {self._logs[gave_up.name]}), and start everything on {self._host} again"
        )
        given_up = ProcessExited(
            principal=gave_up.name, pid=0, host=self._host, given_up=line(f"{gave_up.reason}; {advice}")
        )
        self._reports.say("exited", given_up)
        joined = asyncio.ensure_future(self._joined.wait())
        await asyncio.wait({joined, hearing}, timeout=JOIN_S, return_when=asyncio.FIRST_COMPLETED)
        joined.cancel()

    def _on_exit(self, life: Life, left: str) -> None:
        exited = ProcessExited(
            principal=life.child.name,
            pid=life.pid,
            host=self._host,
            code=life.code,
            signal=life.signal,
            processes=life.processes,
            told_us=life.told_us,
            exited_us=life.exited_us,
            reason="; ".join(filter(None, (left, life.reason))),
        )
        self._reports.say("exited", exited)

    def _say_hello(self) -> None:
        hello = GuardHello(incarnation=self._incarnation, host=self._host, children=tuple(self._logs))
        self._reports.say("hello", hello)

    def _beat(self) -> bytes:
        return encode(Beat(incarnation=self._incarnation))

    async def _leave(self) -> None:
        """Say what is left to be said, and go."""
        if self._bus is None:
            return
        if self._beater is not None:
            self._reports.say("bye", Bye(incarnation=self._incarnation, reason="told to stop"))
            await self._beater.stop()
        if self._bus.connected:
            await self._reports.settle(SETTLE_S)
        await self._ears.stop()
        await self._bus.close()
