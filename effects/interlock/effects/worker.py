"""One effect worker on the bus: says hello and beats, takes grants, obeys its watch, says bye.

What it can do is decided by its settings, what it may do by the supervisor.
"""

import asyncio
import os
import secrets
import socket
from itertools import count

import msgspec

from interlock.bus.clock import monotonic_ms
from interlock.bus.desk import Desk
from interlock.bus.errors import BusError
from interlock.bus.logs import log
from interlock.bus.ports import Bus
from interlock.bus.presence import Beater
from interlock.contracts.dispatch import Cancel, DoEffect
from interlock.contracts.errors import MalformedMessage, NewerProtocol
from interlock.contracts.message import encode
from interlock.contracts.presence import Beat, Bye, EffectHello
from interlock.contracts.scope import Doing
from interlock.contracts.subjects import input_subject
from interlock.contracts.version import PROTOCOL_MAJOR
from interlock.effects.appending import Appending
from interlock.effects.approvals import Approvals
from interlock.effects.calls import Calls
from interlock.effects.ends import Ends
from interlock.effects.fences import Kill
from interlock.effects.hands import Hands
from interlock.effects.people import People
from interlock.effects.watch import Watch

SETTLE_S = 1.2
BYE_S = 0.4
# The supervisor gives a worker up after 3.5 s of silence.
SILENT_MS = 2_500

_read_dispatch = msgspec.json.Decoder(DoEffect | Cancel).decode


class Worker:
    """An effect worker; `start`, then `stop`. It watches the connection (`lost`, `restored`, `refused`)."""

    def __init__(self, bus: Bus, calls: Calls, capacity: int) -> None:
        self._bus = bus
        self._calls = calls
        self._incarnation = secrets.token_hex(8)
        self._hello = encode(
            EffectHello(
                incarnation=self._incarnation,
                capacity=capacity,
                models=calls.models(),
                tools=calls.tools(),
                host=socket.gethostname(),
                pid=os.getpid(),
            )
        )
        self._hellos = count(1)
        self._beat_ms = monotonic_ms()
        self._appending = Appending(bus)
        self._watch = Watch(bus, self._on_kill)
        ends, approvals = Ends(bus, self._appending), Approvals(People(bus), calls.models())
        self._hands = Hands(bus, calls, ends, self._watch, approvals, capacity)
        self._desk = Desk(bus, self._take)
        self._beater = Beater(bus, bus.principal, self._beat)

    @property
    def incarnation(self) -> str:
        """The name of this life of the worker; grants are made to one life."""
        return self._incarnation

    @property
    def why_not(self) -> str:
        """Why nothing may begin now; empty: it may."""
        return self._watch.why_not(Doing())

    async def start(self) -> None:
        """Hear and read switches, take grants, say hello and beat; raises BusError."""
        await self._watch.listen()
        await self._desk.start()
        hello = await self._bus.append(self._subject("hello"), self._hello)
        self._watch.start(hello.seq)
        await self._beater.start()
        models = [offer.model for offer in self._calls.models()]
        log.info("effects_ready", models=models, tools=[offer.tool for offer in self._calls.tools()])

    async def stop(self, reason: str) -> None:
        """Abort what is in flight, tell it, say bye; takes at most two seconds."""
        await self._desk.stop()
        await self._hands.stop(reason)
        await self._appending.settle(SETTLE_S)
        await self._beater.stop()
        await self._watch.stop()
        bye = encode(Bye(incarnation=self._incarnation, reason=reason))
        try:
            async with asyncio.timeout(BYE_S):
                await self._bus.append(self._subject("bye"), bye)
        except (BusError, TimeoutError) as error:
            log.warning("bye_not_said", reason=str(error) or "the log did not answer")
        await self._calls.close()

    def lost(self) -> None:
        """Begin nothing more; what is in hand goes on, and its ends are told when the connection stands."""
        self._watch.lost()

    def restored(self) -> None:
        """Say hello again, which the server or the supervisor may have lost, and read the switches anew."""
        self._watch.restored()
        self._say_hello()

    def refused(self, subject: str) -> None:
        """Do nothing: the append that was refused hears of it."""

    def _say_hello(self) -> None:
        self._appending.append(
            self._subject("hello"), self._hello, f"{self._incarnation}.{next(self._hellos)}"
        )

    def _subject(self, verb: str) -> str:
        return input_subject(self._bus.principal, "effect", verb)

    def _beat(self) -> bytes:
        before_ms, self._beat_ms = self._beat_ms, monotonic_ms()
        if self._beat_ms - before_ms > SILENT_MS:
            log.warning("effects_were_silent", silent_ms=self._beat_ms - before_ms)
            self._say_hello()
        return encode(Beat(incarnation=self._incarnation, in_hand=self._hands.in_hand))

    def _take(self, data: bytes) -> bool:
        try:
            dispatch = _read_dispatch(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise MalformedMessage(f"this is no dispatch for an effect worker: {error}") from error
        if dispatch.v > PROTOCOL_MAJOR:
            raise NewerProtocol(
                f"the dispatch speaks version {dispatch.v} of the protocol; upgrade Interlock here"
            )
        if dispatch.grant and dispatch.incarnation != self._incarnation:
            log.warning("foreign_grant", effect=dispatch.effect, grant=dispatch.grant)
            return False
        if isinstance(dispatch, Cancel):
            self._hands.cancel(dispatch)
            return True
        return self._hands.take(dispatch)

    def _on_kill(self, kill: Kill, seq: int | None) -> None:
        self._hands.kill(kill.scope, seq, str(kill))
