"""One effect worker on the bus: says hello and beats, takes grants, hears switches, says bye.

What it can do is decided by its settings, what it may do by the supervisor.
"""

import asyncio
import os
import secrets
import socket
from itertools import count

import msgspec
import structlog

from interlock.bus.clock import monotonic_ms
from interlock.bus.desk import Desk
from interlock.bus.errors import BusError
from interlock.bus.ports import Bus, Message, Subscription
from interlock.bus.presence import Beater
from interlock.contracts.control import Control
from interlock.contracts.dispatch import Cancel, DoEffect
from interlock.contracts.errors import ContractError, MalformedMessage, NewerProtocol
from interlock.contracts.message import decode, encode
from interlock.contracts.presence import Beat, Bye, EffectHello
from interlock.contracts.subjects import CONTROLS, FLEET, InputSubject, input_subject, read_input
from interlock.contracts.version import PROTOCOL_MAJOR
from interlock.effects.appending import Appending
from interlock.effects.calls import Calls
from interlock.effects.ends import Ends
from interlock.effects.fences import FLEET as EVERYTHING
from interlock.effects.hands import Hands

SETTLE_S = 1.2
BYE_S = 0.4
# The supervisor gives a worker up after 3.5 s of silence.
SILENT_MS = 2_500

log = structlog.get_logger()

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
        self._hands = Hands(bus, calls, Ends(bus, self._appending), capacity)
        self._desk = Desk(bus, self._take)
        self._beater = Beater(bus, bus.principal, self._beat)
        self._controls: Subscription | None = None

    @property
    def incarnation(self) -> str:
        """The name of this life of the worker; grants are made to one life."""
        return self._incarnation

    async def start(self) -> None:
        """Hear switches, take grants, say hello and beat; raises BusError."""
        self._controls = await self._bus.listen(CONTROLS, self._on_control)
        await self._desk.start()
        await self._bus.append(self._subject("hello"), self._hello)
        await self._beater.start()
        models = [offer.model for offer in self._calls.models()]
        log.info("effects_ready", models=models, tools=[offer.tool for offer in self._calls.tools()])

    async def stop(self, reason: str) -> None:
        """Abort what is in flight, tell it, say bye; takes at most two seconds."""
        await self._desk.stop()
        await self._hands.stop(reason)
        await self._appending.settle(SETTLE_S)
        await self._beater.stop()
        if self._controls is not None:
            await self._controls.stop()
        bye = encode(Bye(incarnation=self._incarnation, reason=reason))
        try:
            async with asyncio.timeout(BYE_S):
                await self._bus.append(self._subject("bye"), bye)
        except (BusError, TimeoutError) as error:
            log.warning("bye_not_said", reason=str(error) or "the log did not answer")
        await self._calls.close()

    def lost(self) -> None:
        """Go on with what is in hand: its ends will be told when the connection stands again."""

    def restored(self) -> None:
        """Say hello again: the server may have lost it, the supervisor may have given this worker up."""
        self._appending.append(
            self._subject("hello"), self._hello, f"{self._incarnation}.{next(self._hellos)}"
        )

    def refused(self, subject: str) -> None:
        """Do nothing: the append that was refused hears of it."""

    def _subject(self, verb: str) -> str:
        return input_subject(self._bus.principal, "effect", verb)

    def _beat(self) -> bytes:
        before_ms, self._beat_ms = self._beat_ms, monotonic_ms()
        if self._beat_ms - before_ms > SILENT_MS:
            log.warning("effects_were_silent", silent_ms=self._beat_ms - before_ms)
            self.restored()
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
        if isinstance(dispatch, Cancel):
            self._hands.cancel(dispatch)
            return True
        if dispatch.incarnation != self._incarnation:
            log.warning("foreign_grant", effect=dispatch.effect, grant=dispatch.grant)
            return False
        return self._hands.take(dispatch)

    async def _on_control(self, message: Message) -> None:
        try:
            said = read_input(message.subject)
            scope = _scope(said)
            if scope is None or said.verb not in {"kill", "resume"}:
                return
            control = decode(Control, message.data)
        except ContractError as error:
            log.warning("control_not_read", subject=message.subject, reason=str(error))
            return
        if said.verb == "resume":
            self._hands.resume(scope)
            return
        log.warning("kill_heard", task=scope, by=said.principal, reason=control.reason)
        words = f": {control.reason}" if control.reason else ""
        self._hands.kill(scope, f"{said.principal} killed it{words}")


def _scope(said: InputSubject) -> int | None:
    match said.rest:
        case (word,) if word == FLEET:
            return EVERYTHING
        case ("task", task) if task.isdecimal():
            return int(task)
        case _:
            return None
