"""One environment as access hears it: which kills hold there, and whose life is to end.

What kills hold, and what may be done in whose name, is read from the log before agents are admitted. Where
there is no log yet, nothing has been decided. It must not know connections or credentials.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from interlock.bus.errors import BusError
from interlock.bus.jetstream import NO_STREAM, Refusal
from interlock.bus.logs import log
from interlock.bus.ports import Bus, Message, Record, Subscription
from interlock.contracts.control import Control
from interlock.contracts.decision import Decision
from interlock.contracts.errors import ContractError
from interlock.contracts.facts import AgentCondemned, Entitled
from interlock.contracts.message import decode
from interlock.contracts.scope import FLEET, Scope, read_scope
from interlock.contracts.subjects import CONTROLS, FLEET_DECISIONS, read_input
from interlock.supervisor.access.admission import UNKNOWN
from interlock.supervisor.access.directory import Directory
from interlock.supervisor.access.entitling import Entitling
from interlock.supervisor.access.switches import Switches
from interlock.supervisor.access.voice import Voice

AGAIN_S = 0.25


class Executioner(Protocol):
    """Whoever ends connections; both calls are short and synchronous."""

    def killed(self, environment: str, scope: Scope) -> None:
        """End the connections of all agents in this scope whom a kill keeps out now."""
        ...

    def condemned(self, environment: str, fact: AgentCondemned) -> None:
        """End the connections of this one life."""
        ...


class Environment:
    """One environment, by its own connection."""

    def __init__(self, name: str, bus: Bus, voice: Voice, executioner: Executioner) -> None:
        self.name = name
        self.voice = voice
        self.entitling = Entitling(name, bus)
        self.known = asyncio.Event()
        self._bus = bus
        self._executioner = executioner
        self._switches = Switches()
        self._following = False
        self._last_cause = 0
        self._readings: list[Subscription] = []
        self._reading: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Hear controls from now on, and begin to read the log; raises BusError."""
        self._readings.append(await self._bus.listen(CONTROLS, self._heard))
        self._reading = asyncio.get_running_loop().create_task(self._read())
        await self.voice.start()

    async def stop(self) -> None:
        """Say bye and end the connection."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
        await self.voice.stop()
        for reading in self._readings:
            await reading.stop()
        await self._bus.close()

    def changed(self, directory: Directory, now_ms: int) -> None:
        """Tell the log what the directory, or the time, has changed; it is asked again every second."""
        if self._following:
            self.entitling.renew(directory, now_ms)

    def keeps_out(self, agent: str) -> str:
        """Return the words for what keeps an agent from being let in, or nothing."""
        return self._switches.kill_over(agent) if self.known.is_set() else UNKNOWN

    def kill_over(self, agent: str) -> str:
        """Return the words for the kill that is known to hold over an agent, or nothing."""
        return self._switches.kill_over(agent, decided=self.known.is_set())

    async def _read(self) -> None:
        """Read the log as soon as it can be read, and follow it from there."""
        said = ""
        while True:
            try:
                await self._catch_up()
            except BusError as failure:
                if isinstance(failure, Refusal) and failure.err_code == NO_STREAM:
                    self.known.set()
                if str(failure) != said:
                    said = str(failure)
                    log.warning("access_waits_for_the_log", environment=self.name, reason=said)
            else:
                return
            await asyncio.sleep(AGAIN_S)

    async def _catch_up(self) -> None:
        """Take all decisions about the fleet, and the controls that stand behind the last one of them."""
        decided = await self._take_all(FLEET_DECISIONS, "fleet", 1, self._on_decision)
        said = await self._take_all(CONTROLS, "controls", self._last_cause + 1, self._on_control)
        self.known.set()
        self._executioner.killed(self.name, FLEET)
        self._following = True
        follow = self._bus.follow
        decisions = await follow(
            [FLEET_DECISIONS], self._on_decision, start_seq=decided + 1, consumer="fleet"
        )
        try:
            controls = await follow([CONTROLS], self._on_control, start_seq=said + 1, consumer="controls")
        except BusError:
            self._following = False
            await decisions.stop()
            raise
        self._readings += [decisions, controls]
        self.voice.greet()

    async def _take_all(
        self, pattern: str, consumer: str, start_seq: int, take: Callable[[Record], None]
    ) -> int:
        """Give every record that stands there to `take`; return the last one's sequence."""
        last = start_seq - 1
        async for record in self._bus.history([pattern], start_seq=start_seq, consumer=consumer):
            take(record)
            last = record.seq
        return last

    def _heard(self, message: Message) -> None:
        switched = _read_switch(message.subject, message.data)
        if switched is not None and self._switches.heard(*switched):
            self._executioner.killed(self.name, switched[1])

    def _on_control(self, record: Record) -> None:
        switched = _read_switch(record.subject, record.data)
        if switched is not None and self._switches.read(record.seq, *switched) and self._following:
            self._executioner.killed(self.name, switched[1])

    def _on_decision(self, record: Record) -> None:
        try:
            decision = decode(Decision, record.data)
        except ContractError as failure:
            log.warning("decision_not_read", environment=self.name, seq=record.seq, reason=str(failure))
            return
        self._last_cause = max(self._last_cause, decision.cause)
        self._switches.decided(record.seq, decision.cause, decision.facts)
        for fact in decision.facts:
            match fact:
                case Entitled():
                    self.entitling.decided(fact, decision.cause)
                case AgentCondemned() if self._following:
                    self._executioner.condemned(self.name, fact)
                case _:
                    pass
        if self._following and self._switches.any:
            self._executioner.killed(self.name, FLEET)


def _read_switch(subject: str, data: bytes) -> tuple[str, Scope] | None:
    """Return the verb and scope of a control that kills or resumes, None for any other record."""
    with suppress(ContractError):
        where = read_input(subject)
        if where.verb in {"kill", "resume"}:
            scope = read_scope(where.rest)
            decode(Control, data)
            return where.verb, scope
    return None
