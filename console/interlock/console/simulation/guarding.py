"""The guard and the access service of a simulation: they hear kills, end processes, and say what they saw.

They say it late, twice or never, as the seed has it. What follows from it, they do not know.
"""

import asyncio
from collections.abc import Iterable
from itertools import count
from random import Random
from typing import Protocol

from interlock.agents.delivery import deliver_or_log
from interlock.bus import clock
from interlock.bus.ports import Bus, Message, Record
from interlock.bus.presence import Beater
from interlock.contracts import facts
from interlock.contracts.decision import Decision
from interlock.contracts.errors import MalformedSubject
from interlock.contracts.message import Message as Body
from interlock.contracts.message import decode, encode
from interlock.contracts.observed import AccessHello, ConnectionEnded, GuardHello, ProcessExited
from interlock.contracts.presence import Beat
from interlock.contracts.scope import FLEET, Doing, Scope, covers, read_scope
from interlock.contracts.subjects import CONTROLS, FLEET_DECISIONS, input_subject, read_input

DELAYS_S = (0.002, 0.005, 0.01, 0.02, 0.02, 0.8, 4.0)
_NEVER, _TWICE = 0.1, 0.15


class Machine(Protocol):
    """What a guard and an access service can do with processes."""

    def end(self, name: str) -> None:
        """Kill a process; it is started again as soon as nobody keeps it down."""
        ...

    def life_of(self, name: str) -> str:
        """Return the life that a process says it is in; empty when there is none."""
        ...

    def cut_off(self, name: str) -> None:
        """Break a process's connection for a moment."""
        ...


class Watcher:
    """What both are: somebody who says hello, beats, hears what is killed, and what is let go again."""

    def __init__(
        self, bus: Bus, kind: str, hello: Body, life: str, agents: Iterable[str], luck: Random
    ) -> None:
        self.killed: set[Scope] = set()
        self.agents = tuple(agents)
        self._bus = bus
        self._kind = kind
        self._hello = hello
        self._life = life
        self._luck = luck
        self._said = count(1)
        self._beater = Beater(bus, bus.principal, lambda: encode(Beat(incarnation=life)))

    async def start(self) -> None:
        """Listen, say hello and beat."""
        await self._bus.listen(CONTROLS, self._on_control)
        await self._bus.follow([FLEET_DECISIONS], self._on_decision)
        subject = input_subject(self._bus.principal, self._kind, "hello")
        await deliver_or_log(self._bus, subject, encode(self._hello))
        await self._beater.start()

    async def stop(self, _reason: str) -> None:
        """Fall silent."""
        await self._beater.stop()

    def lost(self) -> None:
        """Go on."""

    def restored(self) -> None:
        """Say hello again."""
        self._say("hello", self._hello)

    def keeps_down(self, name: str) -> bool:
        """Tell whether an agent is killed, as far as was heard."""
        return name in self.agents and any(covers(scope, _doing(name)) for scope in self.killed)

    def _say(self, verb: str, body: Body) -> None:
        subject = input_subject(self._bus.principal, self._kind, verb)
        message_id = f"{self._life}.{next(self._said)}"
        asyncio.ensure_future(deliver_or_log(self._bus, subject, encode(body), message_id=message_id))  # noqa: RUF006 - the process keeps hold of its tasks

    def _report(self, verb: str, body: Body) -> None:
        """Say what was seen: mostly soon, sometimes late, twice, or never."""
        luck = self._luck.random()
        if luck < _NEVER:
            return
        for _ in range(2 if luck < _TWICE else 1):
            asyncio.get_running_loop().call_later(self._luck.choice(DELAYS_S), self._say, verb, body)

    def _on_control(self, message: Message) -> None:
        said = read_input(message.subject)
        try:
            scope = read_scope(said.rest)
        except MalformedSubject:
            return
        if said.verb == "kill" and _is_over_processes(scope):
            self._kill(scope)

    def _on_decision(self, record: Record) -> None:
        for fact in decode(Decision, record.data).facts:
            if isinstance(fact, facts.AgentCondemned):
                self._condemned(fact)
            elif isinstance(fact, facts.Switched | facts.FleetSwitched):
                scope = fact.scope if isinstance(fact, facts.Switched) else FLEET
                if fact.state == "killed" and _is_over_processes(scope):
                    self._kill(scope)
                elif fact.state != "killed":
                    self.killed.discard(scope)

    def _kill(self, scope: Scope) -> None:
        self.killed.add(scope)
        for name in self.agents:
            if covers(scope, _doing(name)):
                self._end(name)

    def _end(self, name: str) -> None:
        raise NotImplementedError

    def _condemned(self, fact: facts.AgentCondemned) -> None:
        raise NotImplementedError


class SimulatedGuard(Watcher):
    """Ends what is killed or condemned among its children, and says whose end it saw."""

    def __init__(
        self,
        bus: Bus,
        life: str,
        agents: Iterable[str],
        others: Iterable[str],
        machine: Machine,
        luck: Random,
    ) -> None:
        self._children = (*agents, *others)
        self._machine = machine
        hello = GuardHello(incarnation=life, children=self._children)
        super().__init__(bus, "guard", hello, life, agents, luck)

    def saw_end(self, name: str, pid: int) -> None:
        """See a process end; of others than its children it says nothing."""
        if name not in self._children:
            return
        now_us = clock.now_ms() * 1_000
        told_us = now_us if self.keeps_down(name) else 0
        self._report("exited", ProcessExited(principal=name, pid=pid, told_us=told_us, exited_us=now_us))

    def _end(self, name: str) -> None:
        self._machine.end(name)

    def _condemned(self, fact: facts.AgentCondemned) -> None:
        if fact.principal in self.agents and self._machine.life_of(fact.principal) == fact.incarnation:
            self._machine.end(fact.principal)


class SimulatedAccess(Watcher):
    """Cuts off what is killed or condemned, and says whose connection it saw end."""

    def __init__(self, bus: Bus, life: str, agents: Iterable[str], machine: Machine, luck: Random) -> None:
        self._machine = machine
        super().__init__(bus, "access", AccessHello(incarnation=life), life, agents, luck)

    def saw_disconnected(self, name: str, *, kicked: bool = False) -> None:
        """See the last connection of a principal end."""
        ended_us = clock.now_ms() * 1_000
        self._report("ended", ConnectionEnded(principal=name, kicked=kicked, ended_us=ended_us))

    def _condemned(self, fact: facts.AgentCondemned) -> None:
        if self._machine.life_of(fact.principal) == fact.incarnation:
            self._end(fact.principal)

    def _end(self, name: str) -> None:
        if self._machine.life_of(name):
            self._machine.cut_off(name)
            self.saw_disconnected(name, kicked=True)


def _doing(name: str) -> Doing:
    role, _, _ = name.rpartition("-")
    return Doing(agent=name, role=role)


def _is_over_processes(scope: Scope) -> bool:
    return scope.kind in {"agent", "role", "fleet"}
