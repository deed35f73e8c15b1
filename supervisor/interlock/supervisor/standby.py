"""A supervisor that does not lead: follows the log, keeps warm, and takes over when nobody leads any more.

Taking over is three things in this order: a record on the leader's subject, which only one can write; reading
the log up to it; and a stamp on every subject where the one before could still write, until each stands where
nothing unread stands before it. Then nobody else can add anything, and everything is known.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from interlock.bus.errors import LogFull, Superseded, Unreachable
from interlock.bus.logs import log
from interlock.bus.ports import Ack, Bus, Record
from interlock.contracts.decision import Decision
from interlock.contracts.facts import LeaderTook, Led
from interlock.contracts.message import encode
from interlock.contracts.subjects import EVERYTHING, LEADER_DECISIONS, decision_subject
from interlock.supervisor.errors import SteppedBack
from interlock.supervisor.knowledge import Knowledge
from interlock.supervisor.pulse import Pulse
from interlock.supervisor.timeline import Timeline

WATCH_S = 0.05
AGAIN_S = 0.5
READ_S = 60.0
MOST_REFUSALS = 16
STAMPS_AT_ONCE = 4_096


class Standby:
    """One time of standing by; `lead` ends it."""

    def __init__(self, bus: Bus, pulse: Pulse) -> None:
        self.known = Knowledge()
        self.stamps: dict[int, int] = {}
        self._bus = bus
        self._pulse = pulse
        self._loop = asyncio.get_running_loop()
        self._failure: asyncio.Future[None] = self._loop.create_future()
        self._wanted_seq = self._watched_seq = 0
        self._read = asyncio.Event()

    async def lead(self) -> int:
        """Return the term in which this supervisor leads, as soon as it does.

        From then on `known` is everything, and `stamps` holds what this term has written on which subject.
        Raises IllegalFact or ContractError for a log that is not ours, BusError when it cannot be read.
        """
        await self._watch_the_newest()
        reading = await self._bus.follow([EVERYTHING], self._on_record)
        try:
            await self._read_up_to(await self._newest())
            log.info("standing_by", tasks=len(self.known.state.tasks), records=self.known.next_seq - 1)
            while True:
                await self._vacancy()
                led_before = self.known.leader_seq > 0
                term = await self._take_the_lead()
                if term and await self._stamp_everything(term, led_before=led_before):
                    return term
        finally:
            await reading.stop()

    def _on_record(self, record: Record) -> None:
        leader_seq = self.known.leader_seq
        try:
            self.known.take(record)
        except Exception as error:  # noqa: BLE001 - the bus would log it and read on, with a hole in the state
            if not self._failure.done():
                self._failure.set_exception(error)
            return
        if self.known.leader_seq != leader_seq and record.seq > self._watched_seq:
            self._watch(self.known)
        if record.seq >= self._wanted_seq:
            self._read.set()

    async def _watch_the_newest(self) -> None:
        """Let the leader's silence be counted while the log is still being read."""
        newest = await self._bus.last(LEADER_DECISIONS)
        if newest is not None:
            known = Knowledge()
            known.take(newest)
            self._watched_seq = newest.seq
            self._watch(known)

    def _watch(self, known: Knowledge) -> None:
        if known.leader is not None:
            self._pulse.watch(known.leader.principal, known.leader.incarnation)

    async def _read_up_to(self, seq: int) -> None:
        self._wanted_seq = seq
        self._read.clear()
        if self.known.next_seq > seq and not self._failure.done():
            return
        reading = self._loop.create_task(self._read.wait())
        either: set[asyncio.Future[Any]] = {reading, self._failure}
        try:
            await asyncio.wait(either, timeout=READ_S, return_when=asyncio.FIRST_COMPLETED)
        finally:
            reading.cancel()
        if self._failure.done():
            self._failure.result()
        if self.known.next_seq <= seq:
            raise Unreachable(f"the log did not come up to record {seq} in {READ_S:g} s")

    async def _vacancy(self) -> None:
        while self.known.leader is not None and not self._pulse.watched_is_silent():
            if self._failure.done():
                self._failure.result()
            await asyncio.sleep(WATCH_S)

    async def _take_the_lead(self) -> int:
        """Write the leader's record; 0 when that could not be."""
        took = LeaderTook(principal=self._bus.principal, incarnation=self._pulse.life, at_ms=self._now_ms())
        record = Decision(task=0, cause=0, at_ms=took.at_ms, by=took.principal, facts=(took,))
        try:
            ack = await self._bus.append(
                LEADER_DECISIONS, encode(record), expected_subject_seq=self.known.leader_seq
            )
        except Superseded:
            log.info("another_leads", instead_of=took.principal)
            await self._read_up_to(await self._newest())
            return 0
        except (LogFull, Unreachable) as failure:
            log.warning("not_leading", reason=str(failure))
            # The record may stand there all the same: this life must not wait for its own silence.
            self._pulse.begin_anew()
            await asyncio.sleep(AGAIN_S)
            return 0
        await self._read_up_to(ack.seq)
        return ack.seq

    async def _stamp_everything(self, term: int, *, led_before: bool) -> bool:
        """Write behind everything that a former leader could still write behind; False when superseded."""
        self.stamps = {}
        if not led_before:
            return True
        unstamped: list[int] = [0, *self.known.open_tasks]
        rounds = 0
        while unstamped:
            for start in range(0, len(unstamped), STAMPS_AT_ONCE):
                refused = await self._stamp(term, unstamped[start : start + STAMPS_AT_ONCE])
                rounds += refused
            still_open = {0, *self.known.open_tasks}
            unstamped = [task for task in unstamped if task not in self.stamps and task in still_open]
            # A refusal says that something stands there which is not read yet: it is in the log by now.
            await self._read_up_to(await self._newest() if unstamped else max(self.stamps.values()))
            if self.known.leader_seq != term:
                log.info("another_leads", instead_of=self._bus.principal)
                return False
            if unstamped and rounds > MOST_REFUSALS:
                raise SteppedBack(f"somebody writes to task {unstamped[0]} faster than it can be stamped")
        return True

    async def _stamp(self, term: int, tasks: Sequence[int]) -> bool:
        """Stamp these subjects where nothing unread stands; return whether one was refused."""
        acks = [
            self._bus.append_soon(
                decision_subject(task),
                self._stamp_of(term, task),
                expected_subject_seq=self.known.last_seq.get(task, 0),
            )
            for task in tasks
        ]
        outcomes: list[Ack | BaseException] = await asyncio.gather(*acks, return_exceptions=True)
        self.stamps |= {
            task: outcome.seq
            for task, outcome in zip(tasks, outcomes, strict=True)
            if isinstance(outcome, Ack)
        }
        failures = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
        for failure in failures:
            if not isinstance(failure, Superseded | LogFull):
                raise failure
        if any(isinstance(failure, LogFull) for failure in failures):
            log.error("log_full", reason=str(failures[0]))
            await asyncio.sleep(AGAIN_S)
        return any(isinstance(failure, Superseded) for failure in failures)

    def _stamp_of(self, term: int, task: int) -> bytes:
        # The cause says up to where inputs are decided: a stamp decides none.
        now_ms = self._now_ms()
        decision = Decision(
            task=task,
            cause=self.known.causes.get(task, 0),
            at_ms=now_ms,
            by=self._bus.principal,
            facts=(Led(term=term, at_ms=now_ms),),
        )
        return encode(decision)

    async def _newest(self) -> int:
        newest = await self._bus.last(EVERYTHING)
        return 0 if newest is None else newest.seq

    def _now_ms(self) -> int:
        return Timeline(self.known.latest_ms).now_ms()
