"""Writes decisions to the log: in order for each task, each on condition that nobody else has written since.

The first one on a subject is written on condition that no other leader's record has come, every later one on
condition of its own subject. Where a former leader could still write, a new one has put its stamp first.

Facts that follow while a task's last decision is on its way ride together in the next one, as far as they
fit; what was observed stands alone, so that its time stays known. What fits no record by itself ends this
writer: nobody could read it. Settlements alone may wait a moment for company. What changes the fleet stands
in the log where it was decided: after everything decided before it, before everything decided later; who
reads the log comes to the same state as who decided.
It must not know what the facts mean.
"""

import asyncio
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import count

import msgspec

from interlock.bus.errors import BusError, LogFull, Superseded, TooLarge
from interlock.bus.logs import log
from interlock.bus.ports import Ack, Log
from interlock.contracts import limits
from interlock.contracts.decision import Decision
from interlock.contracts.facts import AccessViolated, AnyFact, BudgetWarned, EffectSettled, Refused
from interlock.contracts.message import encode
from interlock.contracts.subjects import LEADER_DECISIONS, decision_subject
from interlock.supervisor.errors import SteppedBack

LINGER_S = 0.02
FULL_RETRY_S = 0.5
SECRET_BYTES = 8
_PATIENT = frozenset((EffectSettled, BudgetWarned))
_CHANGES_NOBODY = frozenset((Refused, BudgetWarned, AccessViolated))

OnSent = Callable[[Decision], None]
OnCommitted = Callable[[Decision, int], None]


class _Batch(msgspec.Struct, frozen=True):
    """What one turn of deciding said about one task; `place` is its place among all that was written."""

    place: int
    facts: tuple[AnyFact, ...]
    cause: int
    at_ms: int
    observed: str

    @property
    def patient(self) -> bool:
        """Whether it may wait for company."""
        return all(type(fact) in _PATIENT for fact in self.facts)

    @property
    def indifferent(self) -> bool:
        """Whether its place among other tasks' decisions does not matter."""
        return all(type(fact) in _CHANGES_NOBODY for fact in self.facts)


class _Line(msgspec.Struct):
    """One task's decisions: the last sequence that this leader has written (0: none), what is on its way."""

    last_seq: int = 0
    sent: Decision | None = None
    data: bytes = b""
    waiting: list[_Batch] = []


class Outbox:
    """Decisions on their way into the log.

    `term` is the leader's record. `sent` is called with each decision when it is on its way, `committed` with
    its sequence too once it is durable; `failed` once, when this writer must stop.
    """

    def __init__(
        self,
        bus_log: Log,
        by: str,
        term: int,
        *,
        sent: OnSent,
        committed: OnCommitted,
        failed: Callable[[Exception], None],
    ) -> None:
        self._log = bus_log
        self._by = by
        self._term = term
        # Nobody can guess it, so nobody can use up an identity that the log shall keep for this one.
        self._secret = secrets.token_hex(SECRET_BYTES)
        self._firsts = count(1)
        self._sent = sent
        self._committed = committed
        self._failed = failed
        self._loop = asyncio.get_running_loop()
        self._lines: dict[int, _Line] = {}
        self._patient: set[int] = set()
        self._behind_fleet: set[int] = set()
        self._barrier: int | None = None
        self._next_place = 0
        self._lingering: asyncio.TimerHandle | None = None
        self._stopped = False
        self._drained = asyncio.Event()
        self._drained.set()

    def stands_at(self, task: int, last_seq: int) -> None:
        """Say which record is the last on a task's subject, and that it is this leader's."""
        self._line(task).last_seq = last_seq

    def write(self, task: int, facts: Sequence[AnyFact], cause: int, at_ms: int, observed: str) -> None:
        """Take facts to be written; they will be, in the order of the calls for a task."""
        line = self._line(task)
        line.waiting.append(_Batch(self._next_place, tuple(facts), cause, at_ms, observed))
        self._next_place += 1
        if not task:
            self._raise_barrier()
        if all(batch.patient for batch in line.waiting):
            self._patient.add(task)
            if self._lingering is None:
                self._lingering = self._loop.call_later(LINGER_S, self._end_lingering)
            return
        self._send(task)

    @property
    def idle(self) -> bool:
        """Whether everything taken is durable."""
        return not any(line.sent or line.waiting for line in self._lines.values())

    async def drain(self, timeout_s: float) -> None:
        """Write what waits, and wait until all of it is durable or the time is over."""
        self._end_lingering()
        self._drained.clear()
        if not self.idle and not self._stopped:
            with suppress(TimeoutError):
                async with asyncio.timeout(timeout_s):
                    await self._drained.wait()

    def stop(self) -> None:
        """Write nothing more; what is not durable yet will be decided again from its inputs."""
        self._stopped = True
        self._drained.set()
        if self._lingering is not None:
            self._lingering.cancel()

    def _line(self, task: int) -> _Line:
        line = self._lines.get(task)
        if line is None:
            line = self._lines[task] = _Line()
        return line

    def _end_lingering(self) -> None:
        self._lingering = None
        patient, self._patient = self._patient, set()
        for task in sorted(patient):
            self._send(task)

    def _send(self, task: int) -> None:
        line = self._lines[task]
        if line.sent is not None or not line.waiting or self._stopped:
            return
        riding = self._riding(task, line)
        if not riding:
            return
        self._patient.discard(task)
        while True:
            decision = self._decision(task, line.waiting[:riding])
            line.data = encode(decision)
            if len(line.data) <= limits.MAX_DECISION_BYTES or riding == 1:
                break
            riding //= 2
        if len(line.data) > limits.MAX_DECISION_BYTES:
            self._fits_nowhere(decision, len(line.data))
            return
        line.sent = decision
        del line.waiting[:riding]
        self._append(task, line)
        self._sent(decision)

    def _fits_nowhere(self, decision: Decision, size_bytes: int) -> None:
        self.stop()
        about = f"task {decision.task}" if decision.task else "the fleet"
        self._failed(
            TooLarge(
                f"what record {decision.cause} led to about {about} takes {size_bytes} bytes, and one record "
                f"holds {limits.MAX_DECISION_BYTES}: a supervisor of this version cannot go on from there; "
                f"please report it with what `interlock show {decision.cause}` prints"
            )
        )

    def _riding(self, task: int, line: _Line) -> int:
        """Return how many of the batches that wait may be written now, in one decision."""
        if not task:
            earlier = self._barrier is not None and self._has_earlier(self._barrier)
            return 0 if earlier else _consecutive(line.waiting)
        riding = _ride_together(line.waiting)
        if self._barrier is not None:
            riding = sum(1 for batch in line.waiting[:riding] if batch.place < self._barrier)
            if not riding:
                self._behind_fleet.add(task)
        return riding

    def _has_earlier(self, place: int) -> bool:
        """Hurry what was decided before the fleet's decision; return whether any of it is not durable yet."""
        for task in sorted(self._patient - {0}):
            self._send(task)
        return any(
            line.sent is not None or (line.waiting and line.waiting[0].place < place)
            for task, line in self._lines.items()
            if task
        )

    def _raise_barrier(self) -> None:
        """Find the place of the first decision that changes the fleet and is not durable yet."""
        waiting = self._lines[0].waiting
        if self._barrier is None:
            self._barrier = next((batch.place for batch in waiting if not batch.indifferent), None)

    def _decision(self, task: int, batches: list[_Batch]) -> Decision:
        last = batches[-1]
        facts = tuple(fact for batch in batches for fact in batch.facts)
        return Decision(
            task=task, cause=last.cause, at_ms=last.at_ms, by=self._by, facts=facts, observed=last.observed
        )

    def _append(self, task: int, line: _Line) -> None:
        subject = decision_subject(task)
        if line.last_seq:
            appended = self._log.append_soon(subject, line.data, expected_subject_seq=line.last_seq)
        else:
            appended = self._log.append_soon(
                subject,
                line.data,
                expected_subject_seq=self._term,
                expected_on=LEADER_DECISIONS,
                message_id=f"{self._secret}.{next(self._firsts)}",
            )
        appended.add_done_callback(lambda done: self._answered(task, line, done))

    def _answered(self, task: int, line: _Line, done: "asyncio.Future[Ack]") -> None:
        failure = None if done.cancelled() else done.exception()
        if done.cancelled() or self._stopped:
            return
        if failure is not None:
            self._not_written(task, line, failure)
            return
        decision, line.sent, line.data = line.sent, None, b""
        line.last_seq = done.result().seq
        if decision is not None:
            self._committed(decision, line.last_seq)
        if not task:
            self._barrier = None
            self._raise_barrier()
            self._send_behind_fleet()
        elif line.waiting and task not in self._patient:
            self._send(task)
        if self._barrier is not None or not task:
            self._send(0)
        if not self._drained.is_set() and self.idle:
            self._drained.set()

    def _send_behind_fleet(self) -> None:
        """Send what waited for the fleet's decision, in the order in which it was decided."""
        behind, self._behind_fleet = self._behind_fleet, set()
        waiting = [task for task in behind if self._lines[task].waiting]
        for task in sorted(waiting, key=lambda task: self._lines[task].waiting[0].place):
            self._send(task)

    def _not_written(self, task: int, line: _Line, failure: BaseException) -> None:
        if isinstance(failure, LogFull):
            log.error("log_full", task=task, reason=str(failure))
            self._loop.call_later(FULL_RETRY_S, self._append, task, line)
            return
        self.stop()
        if isinstance(failure, Superseded):
            self._failed(SteppedBack(f"another supervisor decides, as the subject of task {task} shows"))
        elif isinstance(failure, BusError):
            self._failed(failure)
        else:
            self._failed(SteppedBack(f"a decision about task {task} could not be written: {failure}"))


def _ride_together(waiting: list[_Batch]) -> int:
    """Return how many of the batches that wait may stand in one decision."""
    if waiting[0].observed:
        return 1
    return next((place for place, batch in enumerate(waiting) if batch.observed), len(waiting))


def _consecutive(waiting: list[_Batch]) -> int:
    """Return how many of the fleet's batches have nothing of others' between them, and may ride together."""
    riding = _ride_together(waiting)
    first = waiting[0].place
    return next((count for count in range(1, riding) if waiting[count].place != first + count), riding)
