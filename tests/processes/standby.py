"""A second supervisor beside that of an environment, and what can be seen of who leads."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncGenerator, Callable

from interlock.bus.nats_bus import NatsBus
from interlock.bus.ports import Message, Record
from interlock.bus.principals import Principals
from interlock.console.state import StateFolder
from interlock.contracts import facts as f
from interlock.contracts.decision import Decision
from interlock.contracts.message import decode
from interlock.contracts.presence import Beat
from interlock.contracts.subjects import DECISIONS, LEADER_DECISIONS, beat_subject

PATIENCE_S = 20.0


class Watched:
    """Who leads, which lives beat under a name, and when the first decision of each term was stored."""

    def __init__(self, bus: NatsBus) -> None:
        self.terms: list[f.LeaderTook] = []
        self.lives: set[str] = set()
        self.first_ms: list[int] = []
        self._bus = bus
        self._changed = asyncio.Condition()

    async def start(self) -> None:
        await self._bus.follow([DECISIONS], self._on_record)
        await self._bus.listen("interlock.beat.*", self._on_beat)

    async def leads(self, terms: int) -> f.LeaderTook:
        """Wait until so many terms have begun, and each has decided something."""
        await self._until(lambda: len(self.first_ms) >= terms)
        return self.terms[terms - 1]

    async def lives_number(self, number: int) -> None:
        """Wait until so many lives of supervisors have been heard."""
        await self._until(lambda: len(self.lives) >= number)

    async def _until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S), self._changed:
            await self._changed.wait_for(condition)

    async def _on_record(self, record: Record) -> None:
        async with self._changed:
            for fact in decode(Decision, record.data).facts:
                if isinstance(fact, f.LeaderTook):
                    self.terms.append(fact)
            is_decision = record.subject != LEADER_DECISIONS and b'"fact":"led"' not in record.data
            if is_decision and len(self.first_ms) < len(self.terms):
                self.first_ms.append(record.time_ms)
            self._changed.notify_all()

    async def _on_beat(self, message: Message) -> None:
        if message.subject.startswith(beat_subject("supervisor-")):
            async with self._changed:
                self.lives.add(decode(Beat, message.data).incarnation)
                self._changed.notify_all()


@contextlib.asynccontextmanager
async def second_supervisor(
    state: StateFolder, url: str, name: str
) -> AsyncGenerator[asyncio.subprocess.Process]:
    """Start another supervisor under a name that may be taken already, and end it afterwards."""
    log = (state.logs / f"{name}.second.log").open("wb")
    key = Principals(state.store).admit(name, ["supervisor"])
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "interlock.supervisor",
        env=os.environ
        | {
            "INTERLOCK_URL": url,
            "INTERLOCK_PRINCIPAL": name,
            "INTERLOCK_KEY_FILE": str(key),
            "INTERLOCK_PARENT": str(os.getpid()),
            "INTERLOCK_LOG": "json",
        },
        stdout=log,
        stderr=log,
    )
    log.close()
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGCONT)
            process.terminate()
        async with asyncio.timeout(PATIENCE_S):
            await process.wait()
