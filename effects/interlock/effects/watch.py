"""Whether a grant may begin here: kills and leaders as they are heard, kills as the log has them.

After a break or a standstill the switches are read anew, from where the last reading ended, before anything
begins: what was said meanwhile was lost, or waits behind what was granted before it. What is killed then, it
leaves to `on_kill`.
"""

import asyncio
from collections.abc import Callable

from interlock.bus.clock import steady_ms
from interlock.bus.errors import BusError
from interlock.bus.logs import log
from interlock.bus.ports import Bus, Message, Record, Subscription
from interlock.contracts.control import Control
from interlock.contracts.errors import ContractError
from interlock.contracts.message import decode
from interlock.contracts.scope import FLEET, Doing, Scope, read_scope
from interlock.contracts.subjects import CONTROLS, LEADS, read_input
from interlock.effects.fences import Fences, Kill
from interlock.effects.handle import TICK_MS, Handle

CONSUMER = "controls"
RETRY_S = 0.25

OnKill = Callable[[Kill, int | None], None]
"""Called with a kill and its place in the log (None: not known yet): what is older and in its scope ends."""


class Watch:
    """Begins with `start`, at the sequence of this worker's hello; until then nothing may begin."""

    def __init__(self, bus: Bus, on_kill: OnKill) -> None:
        self._bus = bus
        self._on_kill = on_kill
        self._fences = Fences()
        self._handle = Handle(steady_ms())
        self._next_seq = 0
        self._doubted = asyncio.Event()
        self._heard: list[Subscription] = []
        self._reading: Subscription | None = None
        self._work: list[asyncio.Task[None]] = []

    async def listen(self) -> None:
        """Hear kills and leaders from now on; raises BusError."""
        self._heard.append(await self._bus.listen(CONTROLS, self._on_control))
        self._heard.append(await self._bus.listen(LEADS, self._on_lead))

    def start(self, seq: int) -> None:
        """Read the switches from this record on: whoever grants to this life knows the older ones."""
        self._next_seq = seq
        self._doubted.set()
        loop = asyncio.get_running_loop()
        self._work = [loop.create_task(self._keep_reading()), loop.create_task(self._keep_looking())]

    async def stop(self) -> None:
        """Hear and read nothing more."""
        for work in self._work:
            work.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)
        for heard in (*self._heard, *((self._reading,) if self._reading else ())):
            await heard.stop()

    def lost(self) -> None:
        """Begin nothing more: what is said now is not heard."""
        self._handle.doubt()

    def restored(self) -> None:
        """Read what was said while the connection was away."""
        self._handle.doubt()
        self._doubted.set()

    def refuses(self, doing: Doing, as_of: int) -> bool:
        """Tell whether a grant as of that record is older than a kill over what it is for."""
        return self._fences.refuses(doing, as_of)

    def why_not(self, doing: Doing) -> str:
        """Return why this may not begin now, though it may later; empty: it may."""
        why_not = self._handle.why_not(steady_ms())
        if self._handle.in_doubt:
            self._doubted.set()
        if not why_not and self._fences.holds(doing):
            return "a kill was heard that the log has not told yet"
        return why_not

    def _on_lead(self, _message: Message) -> None:
        self._handle.heard(steady_ms())

    def _on_control(self, message: Message) -> None:
        kill = self._read_kill(message.subject, message.data)
        if kill is None:
            return
        self._on_kill(kill, self._fences.heard(kill, steady_ms()))
        log.warning("kill_heard", scope=str(kill.scope), by=kill.by, reason=kill.reason)

    def _on_record(self, record: Record) -> None:
        if record.seq < self._next_seq:
            return
        self._next_seq = record.seq + 1
        kill = self._read_kill(record.subject, record.data)
        if kill is not None:
            self._fences.read(kill, record.seq, steady_ms())
            self._on_kill(kill, record.seq)

    def _read_kill(self, subject: str, data: bytes) -> Kill | None:
        try:
            said = read_input(subject)
            if said.verb != "kill":
                return None
            scope, control = read_scope(said.rest), decode(Control, data)
        except ContractError as error:
            log.warning("control_not_read", subject=subject, reason=str(error))
            return None
        # Who kills this worker kills all that it does, for whomever.
        mine = scope == Scope(kind="agent", name=self._bus.principal)
        return Kill(said.principal, FLEET if mine else scope, control.reason)

    async def _keep_looking(self) -> None:
        while True:
            await asyncio.sleep(TICK_MS / 1000)
            now_ms = steady_ms()
            if self._handle.look(now_ms):
                log.warning("effects_stood_still")
            if self._fences.overdue(now_ms):
                self._handle.doubt()
            if self._handle.in_doubt:
                self._doubted.set()

    async def _keep_reading(self) -> None:
        while True:
            await self._doubted.wait()
            self._doubted.clear()
            while self._handle.in_doubt:
                await self._prove()

    async def _prove(self) -> None:
        doubts, began_ms = self._handle.doubts, steady_ms()
        try:
            await self._read_anew()
        except BusError as error:
            log.warning("switches_not_read", reason=str(error))
            await asyncio.sleep(RETRY_S)
        else:
            self._fences.read_to_end(began_ms)
            self._handle.prove(doubts)

    async def _read_anew(self) -> None:
        """Read to the end of the log, then go on following it.

        The end comes from the server, behind everything that it had sent before: whatever is heard after it
        is new.
        """
        if self._reading is not None:
            await self._reading.stop()
            self._reading = None
        async for record in self._bus.history([CONTROLS], start_seq=self._next_seq, consumer=CONSUMER):
            self._on_record(record)
        self._reading = await self._bus.follow(
            [CONTROLS], self._on_record, start_seq=self._next_seq, consumer=CONSUMER
        )
