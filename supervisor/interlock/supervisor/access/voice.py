"""What access says to an environment's log: that it is there, and what it saw.

It is said without waiting, in bounded number. It must not know why any of it is said.
"""

import asyncio

from interlock.bus.logs import log
from interlock.bus.ports import Ack, Bus
from interlock.bus.presence import Beater
from interlock.contracts.message import Message, encode
from interlock.contracts.observed import AccessHello
from interlock.contracts.presence import Beat, Bye
from interlock.contracts.subjects import input_subject

MOST_OUTSTANDING = 1_024
BYE_S = 1.0


class Voice:
    """One life of an access service, as one environment hears it."""

    def __init__(self, environment: str, bus: Bus, incarnation: str, host: str) -> None:
        self._environment = environment
        self._bus = bus
        self._incarnation = incarnation
        self._host = host
        self._outstanding: set[asyncio.Future[Ack]] = set()
        self._dropped = 0
        self._greeted = False
        self._beater = Beater(bus, bus.principal, self._beat, was_silent=self._greet_again)

    async def start(self) -> None:
        """Begin to beat."""
        await self._beater.start()

    def greet(self) -> None:
        """Say hello: there is a log that can hold it."""
        self._greeted = True
        self.say("hello", AccessHello(incarnation=self._incarnation, host=self._host))

    async def stop(self) -> None:
        """Say bye, and wait for what is outstanding, bounded in time."""
        await self._beater.stop()
        if self._greeted:
            self.say("bye", Bye(incarnation=self._incarnation, reason="told to end"))
        if self._outstanding:
            await asyncio.wait(self._outstanding, timeout=BYE_S)

    def say(self, verb: str, message: Message, *, message_id: str = "") -> None:
        """Append an observation; with too many outstanding it is dropped, and that is logged."""
        if len(self._outstanding) >= MOST_OUTSTANDING:
            self._dropped += 1
            log.error("observation_dropped", environment=self._environment, verb=verb, dropped=self._dropped)
            return
        subject = input_subject(self._bus.principal, "access", verb)
        answer = self._bus.append_soon(subject, encode(message), message_id=message_id)
        self._outstanding.add(answer)
        answer.add_done_callback(lambda done: self._on_answer(verb, done))

    def _on_answer(self, verb: str, done: asyncio.Future[Ack]) -> None:
        self._outstanding.discard(done)
        failure = None if done.cancelled() else done.exception()
        if failure is not None:
            log.error("observation_not_recorded", verb=verb, reason=str(failure))

    def _greet_again(self) -> None:
        if self._greeted:
            self.greet()

    def _beat(self) -> bytes:
        return encode(Beat(incarnation=self._incarnation))
