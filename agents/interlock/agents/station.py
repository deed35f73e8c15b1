"""The station: one agent process on the bus, from hello to bye. It hands everything on to its workbench.

It says hello again whenever the supervisor may have given it up: after a broken connection, and after it was
too busy to show that it lives. When it had to drop its work, because the bus was gone for long or does not
want it any more, it comes back as a new incarnation.
"""

import asyncio
import contextlib
import os
import uuid
from collections.abc import Callable, Coroutine
from typing import Any, cast

import msgspec

from interlock.agents.delivery import deliver, deliver_or_log
from interlock.agents.handler import Handler
from interlock.agents.journal import Now
from interlock.agents.workbench import Workbench
from interlock.bus.desk import Desk
from interlock.bus.logs import log
from interlock.bus.ports import Bus, Message, Subscription
from interlock.bus.presence import Beater
from interlock.contracts.charter import Charter
from interlock.contracts.control import Control
from interlock.contracts.dispatch import Cancel, Dispatch, DoEffect, DoStep, Outcome
from interlock.contracts.errors import ContractError, MalformedMessage, NewerProtocol
from interlock.contracts.message import decode, encode
from interlock.contracts.presence import AgentHello, Beat, Bye
from interlock.contracts.scope import read_scope
from interlock.contracts.subjects import input_subject, kills_over, outcome_subject, read_input
from interlock.contracts.version import PROTOCOL_MAJOR

SWEEP_S = 1.0
# While the connection is away it looks more often whether it will ever stand again.
AWAY_SWEEP_S = 0.1
SILENT_S = 2.5
LOST_S = 5.0
BYE_S = 1.0

_read = cast("Callable[[bytes], Dispatch]", msgspec.json.Decoder(Dispatch).decode)


def _never() -> bool:
    return False


class Station:
    """An agent that is there; `now` is a monotonic clock in seconds.

    `locked_out` tells whether the server refuses this agent itself, so that there is no hope in waiting.
    """

    def __init__(
        self,
        bus: Bus,
        charter: Charter,
        handler: Handler,
        now: Now,
        locked_out: Callable[[], bool] = _never,
    ) -> None:
        self._bus = bus
        self._charter = charter
        self._handler = handler
        self._now = now
        self._locked_out = locked_out
        self._incarnation = uuid.uuid4().hex
        self.workbench = Workbench(bus, handler, charter.capacity, now, self._incarnation)
        self._desk = Desk(bus, self.take)
        self._beater = Beater(bus, bus.principal, self._beat)
        self._hearings: list[Subscription] = []
        self._errands: set[asyncio.Task[None]] = set()
        self._lost_at: float | None = None
        self._away = asyncio.Event()
        self._swept_at = now()

    async def start(self) -> None:
        """Listen, say hello, and begin to beat; raises BusError when that is not possible."""
        await self._desk.start()
        outcomes = outcome_subject(self._bus.principal, "*")
        self._hearings.append(await self._bus.listen(outcomes, self._outcome))
        kills = kills_over(self._bus.principal, self._charter.role)
        self._hearings += await asyncio.gather(*(self._bus.listen(kill, self._kill) for kill in kills))
        await deliver(self._bus, self._subject("hello"), self._hello())
        await self._beater.start()
        self._errand(self._keep_sweeping())
        log.info("agent_ready", role=self._charter.role, capacity=self._charter.capacity)

    async def stop(self, reason: str) -> None:
        """Drop what is in hand, for the supervisor to give to others, and say bye; quick, and bounded."""
        self.workbench.close(reason)
        for errand in self._errands:
            errand.cancel()
        await self._desk.stop()
        for hearing in self._hearings:
            await hearing.stop()
        await self._beater.stop()
        try:
            async with asyncio.timeout(BYE_S):
                bye = encode(Bye(incarnation=self._incarnation, reason=reason))
                await deliver_or_log(self._bus, self._subject("bye"), bye)
        except TimeoutError:
            log.warning("bye_unheard", reason=f"the log did not take it within {BYE_S:g} s")

    def take(self, data: bytes) -> bool:
        """Act on a dispatch; return whether it was new. Raises ContractError, HandsFull."""
        dispatch = _dispatch(data)
        match dispatch:
            case DoStep():
                return self.workbench.take(dispatch)
            case Outcome():
                self.workbench.hear(dispatch)
            case Cancel():
                self.workbench.cancel(dispatch)
            case DoEffect():
                raise MalformedMessage("an effect was dispatched to an agent, which carries none out")
        return True

    def lost(self) -> None:
        """Note that the connection broke; what is in hand may go on for a while, in hope."""
        self._lost_at = self._now()
        self._away.set()

    def restored(self) -> None:
        """Say hello over the new connection, and ask again for what may have passed by."""
        self._lost_at = None
        self._away.clear()
        self._say_hello()
        self.workbench.ask_again()

    def refused(self, subject: str) -> None:
        """Do nothing: the append that the server refused hears of it."""

    def sweep(self) -> None:
        """Do what is due: give up work when the bus has gone, say hello after a silence, ask again."""
        now = self._now()
        if self._lost_at is not None and self.workbench.in_hand:
            if self._locked_out():
                self._begin_anew("the bus refuses this agent")
            elif now - self._lost_at > LOST_S:
                self._begin_anew(f"the bus has been gone for {LOST_S:g} s")
        if now - self._swept_at > SILENT_S:
            log.warning("agent_was_silent", seconds=round(now - self._swept_at, 1))
            self._say_hello()
        self._swept_at = now
        self.workbench.sweep()

    async def _keep_sweeping(self) -> None:
        while True:
            if self._away.is_set():
                await asyncio.sleep(AWAY_SWEEP_S)
            else:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(SWEEP_S):
                        await self._away.wait()
            self.sweep()

    def _begin_anew(self, reason: str) -> None:
        """Stop thinking; whoever comes back has nothing in hand."""
        self.workbench.drop_all(reason)
        self._incarnation = uuid.uuid4().hex

    def _kill(self, message: Message) -> None:
        try:
            said = read_input(message.subject)
            scope, control = read_scope(said.rest), decode(Control, message.data)
        except ContractError as error:
            log.warning("kill_unread", reason=str(error))
            return
        words = f": {control.reason}" if control.reason else ""
        self.workbench.kill(scope, f"{said.principal} killed {scope}{words}")

    def _outcome(self, message: Message) -> None:
        """Hear an effect worker: it may say what became of an effect, and nothing else."""
        try:
            outcome = _dispatch(message.data)
        except ContractError as error:
            log.warning("outcome_unread", subject=message.subject, reason=str(error))
            return
        if not isinstance(outcome, Outcome):
            log.error("outcome_refused", subject=message.subject, kind=type(outcome).__name__)
            return
        self.workbench.hear(outcome)

    def _say_hello(self) -> None:
        self._errand(deliver_or_log(self._bus, self._subject("hello"), self._hello()))

    def _errand(self, work: Coroutine[Any, Any, None]) -> None:
        errand = asyncio.get_running_loop().create_task(work)
        self._errands.add(errand)
        errand.add_done_callback(self._errands.discard)

    def _subject(self, verb: str) -> str:
        return input_subject(self._bus.principal, "agent", verb)

    def _beat(self) -> bytes:
        return encode(Beat(incarnation=self._incarnation, in_hand=self.workbench.in_hand))

    def _hello(self) -> bytes:
        return encode(
            AgentHello(
                incarnation=self._incarnation,
                charter=self._charter,
                capacity=self._charter.capacity,
                input_schema=self._handler.takes.schema,
                output_schema=self._handler.gives.schema,
                host=os.uname().nodename,
                pid=os.getpid(),
            )
        )


def _dispatch(data: bytes) -> Dispatch:
    try:
        dispatch = _read(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedMessage(f"this is no dispatch: {error}") from error
    if dispatch.v > PROTOCOL_MAJOR:
        raise NewerProtocol(
            f"the dispatch speaks version {dispatch.v} of the protocol; upgrade Interlock here"
        )
    return dispatch
