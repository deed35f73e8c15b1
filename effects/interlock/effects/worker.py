"""One effect worker on the bus: says hello and beats, takes grants, hears switches, says bye.

What it can do is decided by its settings, what it may do by the supervisor.
"""

import os
import secrets
import socket

import msgspec
import structlog

from interlock.bus.desk import Desk
from interlock.bus.errors import BusError
from interlock.bus.ports import Bus, Message, Subscription
from interlock.bus.presence import Beater
from interlock.contracts.control import Control
from interlock.contracts.dispatch import Cancel, DoEffect
from interlock.contracts.errors import ContractError, MalformedMessage
from interlock.contracts.message import decode, encode
from interlock.contracts.presence import Beat, Bye, EffectHello
from interlock.contracts.subjects import CONTROLS, FLEET, InputSubject, input_subject, read_input
from interlock.effects.appending import Appending
from interlock.effects.calls import Calls
from interlock.effects.ends import Ends
from interlock.effects.fences import FLEET as EVERYTHING
from interlock.effects.hands import Hands

SETTLE_S = 1.5

log = structlog.get_logger()

_read_dispatch = msgspec.json.Decoder(DoEffect | Cancel).decode


class Worker:
    """An effect worker; `start`, then `stop`."""

    def __init__(self, bus: Bus, calls: Calls, capacity: int) -> None:
        self._bus = bus
        self._calls = calls
        self._capacity = capacity
        self._incarnation = secrets.token_hex(8)
        self._appending = Appending(bus)
        self._hands = Hands(bus, calls, Ends(bus, self._appending), capacity)
        self._desk = Desk(bus, self._take)
        self._beater = Beater(bus, bus.principal, self._beat)
        self._controls: Subscription | None = None

    async def start(self) -> None:
        """Hear switches, take grants, say hello and beat; raises BusError."""
        self._controls = await self._bus.listen(CONTROLS, self._on_control)
        await self._desk.start()
        await self.announce()
        await self._beater.start()

    async def announce(self) -> None:
        """Say hello; also after a reconnection, for the server may have lost what was said."""
        hello = EffectHello(
            incarnation=self._incarnation,
            capacity=self._capacity,
            models=self._calls.models(),
            tools=self._calls.tools(),
            host=socket.gethostname(),
            pid=os.getpid(),
        )
        await self._bus.append(input_subject(self._bus.principal, "effect", "hello"), encode(hello))
        names = [offer.model for offer in hello.models]
        log.info("effects_ready", models=names, tools=[offer.tool for offer in hello.tools])

    async def stop(self, reason: str) -> None:
        """Abort what is in flight, tell it, say bye; bounded in time."""
        await self._desk.stop()
        await self._hands.stop(reason)
        await self._appending.settle(SETTLE_S)
        await self._beater.stop()
        if self._controls is not None:
            await self._controls.stop()
        bye = Bye(incarnation=self._incarnation, reason=reason)
        try:
            await self._bus.append(input_subject(self._bus.principal, "effect", "bye"), encode(bye))
        except BusError as error:
            log.warning("bye_not_said", reason=str(error))
        await self._calls.close()

    def _beat(self) -> bytes:
        return encode(Beat(incarnation=self._incarnation, in_hand=self._hands.in_hand))

    def _take(self, data: bytes) -> bool:
        try:
            dispatch = _read_dispatch(data)
        except msgspec.DecodeError as error:
            raise MalformedMessage(f"this is no dispatch for an effect worker: {error}") from error
        if isinstance(dispatch, Cancel):
            self._hands.cancel(dispatch)
            return True
        return self._hands.take(dispatch)

    async def _on_control(self, message: Message) -> None:
        try:
            said = read_input(message.subject)
            if said.verb not in {"kill", "resume"}:
                return
            control = decode(Control, message.data)
        except ContractError as error:
            log.warning("control_not_read", subject=message.subject, reason=str(error))
            return
        scope = _scope(said)
        if scope is None:
            return
        if said.verb == "resume":
            self._hands.resume(scope)
            return
        log.warning("kill_heard", task=scope, by=said.principal, reason=control.reason)
        self._hands.kill(
            scope, f"{said.principal} killed it: {control.reason}" if control.reason else "it was killed"
        )


def _scope(said: InputSubject) -> int | None:
    match said.rest:
        case (word,) if word == FLEET:
            return EVERYTHING
        case ("task", task) if task.isdecimal():
            return int(task)
        case _:
            return None
