"""The shell around the core: read, decide, commit, tell, repeat. One instance is the one writer of the log.

It knows the bus and the clock, and nothing of models, tools or prompts.
"""

import asyncio

import structlog

from interlock.bus.clock import monotonic_ms, now_ms
from interlock.bus.dispatch import Dispatcher
from interlock.bus.ports import Bus, Message, Record, Subscription
from interlock.bus.presence import Attendance
from interlock.contracts.decision import Decision
from interlock.contracts.facts import (
    Accepted,
    Completed,
    Failed,
    FleetSwitched,
    Halted,
    Parked,
    PlanRequested,
    Refused,
    Rejected,
    StepDead,
    StepLost,
)
from interlock.contracts.inputs import Input, read_record
from interlock.contracts.message import snake
from interlock.contracts.subjects import BEATS, INPUTS
from interlock.supervisor.core.decide import decide, decide_defect, decide_silence, decide_tick
from interlock.supervisor.core.state import State, Task
from interlock.supervisor.core.turn import Decided
from interlock.supervisor.outbox import Outbox
from interlock.supervisor.records import Records
from interlock.supervisor.recovery import recover
from interlock.supervisor.telling import Late, Telling

TICK_S = 0.25
LATE_MS = 1_500
_STOPPING = (Completed, Failed, Halted)
_LOGGED = (Accepted, Rejected, Completed, Failed, Halted, Parked, StepDead, StepLost, FleetSwitched)

log = structlog.get_logger()


class Supervisor:
    """Decides about everything on one bus until it is stopped or somebody else decides."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._state = State()
        self._cause = 0
        self._failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._records = Records(bus)
        self._dispatcher = Dispatcher(bus, bus.principal, self._not_taken)
        self._telling = Telling(self._dispatcher, self._records, lambda: self._state)
        self._outbox = Outbox(
            bus, bus.principal, sent=self._telling.sent, committed=self._committed, failed=self._fail
        )
        self._attendance = Attendance()
        self._ending: dict[int, Task] = {}
        self._last_look_ms = monotonic_ms()

    @property
    def state(self) -> State:
        """What it knows now."""
        return self._state

    @property
    def idle(self) -> bool:
        """Whether everything decided is durable."""
        return self._outbox.idle

    async def run(self) -> None:
        """Recover, then decide until cancelled; raises SteppedBack when another supervisor has decided."""
        await self._dispatcher.start()
        recovered = await recover(self._bus)
        self._state = recovered.state
        self._cause = recovered.next_seq - 1
        for task, seq in recovered.last_seq.items():
            self._outbox.stands_at(task, seq)
        self._expect_everybody()
        beats = await self._bus.listen(BEATS, self._beat)
        log.info(
            "recovered", tasks=len(self._state.tasks), records=self._cause, open=len(recovered.open_inputs)
        )
        self._telling.all_in_hand()
        # What was on its way when the last supervisor ended is decided again first: agents may be at it.
        self._cause = min((said.seq for said in recovered.open_inputs), default=recovered.next_seq) - 1
        self._tick()
        for said in recovered.open_inputs:
            self._decide(said)
        following = await self._bus.follow([INPUTS], self._record, start_seq=recovered.next_seq)
        await self._until_failure(beats, following)

    async def _until_failure(self, *subscriptions: Subscription) -> None:
        ticking = asyncio.create_task(self._keep_ticking())
        try:
            await asyncio.wait((ticking, self._failure), return_when=asyncio.FIRST_COMPLETED)
            (self._failure if self._failure.done() else ticking).result()
        finally:
            ticking.cancel()
            self._outbox.stop()
            for subscription in subscriptions:
                await subscription.stop()
            await self._dispatcher.stop()

    def _record(self, record: Record) -> None:
        self._decide(read_record(record.seq, record.time_ms, record.subject, record.data))

    def _decide(self, said: Input) -> None:
        self._records.keep(said)
        self._cause = said.seq
        if said.kind in {"agent", "effect"}:
            self._attendance.heard(said.principal, monotonic_ms())
        try:
            decided = decide(self._state, said, said.time_ms)
        except Exception:
            # A defect must not stop the work of everybody else: the input is refused, and the log says so.
            log.exception("not_decided", record=said.seq, by=said.principal, verb=f"{said.kind}.{said.verb}")
            decided = decide_defect(self._state, said)
        self._take(decided, said.time_ms, "")
        if isinstance(said.body, Late) and _refuses(decided, said.seq):
            self._telling.cancel_late(said.principal, said.body, said.task)

    def _take(self, decided: Decided, at_ms: int, observed: str) -> None:
        before, self._state = self._state, decided.state
        for task, facts in decided.by_task.items():
            known = before.tasks.get(task)
            if known is not None and any(_stops(fact) for fact in facts):
                self._ending[task] = known
            self._outbox.write(task, facts, self._cause, at_ms, observed)
        if 0 in decided.by_task:
            self._expect_everybody()

    def _committed(self, decision: Decision, seq: int) -> None:
        self._telling.committed(decision, seq)
        for fact in decision.facts:
            if _stops(fact) and decision.task in self._ending:
                self._telling.cancel_all(self._ending.pop(decision.task), "it has ended or is planned anew")
            if isinstance(fact, _LOGGED):
                log.info(snake(type(fact).__name__), task=decision.task, record=seq, cause=decision.cause)

    def _fail(self, failure: Exception) -> None:
        if not self._failure.done():
            self._failure.set_exception(failure)
            self._failure.exception()  # seen, also when `run` is cancelled before it looks

    def _not_taken(self, key: str, principal: str) -> None:
        if key.startswith(("step.", "effect.")):
            self._silent(principal)

    def _beat(self, message: Message) -> None:
        self._attendance.heard(message.subject.rsplit(".", 1)[-1], monotonic_ms())

    def _expect_everybody(self) -> None:
        here = set(self._state.agents) | set(self._state.workers)
        for principal in here:
            if self._attendance.heard_at_ms(principal) is None:
                self._attendance.heard(principal, monotonic_ms())

    async def _keep_ticking(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            self._tick()
            self._look_around()

    def _tick(self) -> None:
        at_ms = now_ms()
        self._take(decide_tick(self._state, at_ms), at_ms, "tick")

    def _look_around(self) -> None:
        """Decide about who has fallen silent, unless it was this process that did not listen."""
        looked_ms, self._last_look_ms = self._last_look_ms, monotonic_ms()
        if self._last_look_ms - looked_ms > LATE_MS:
            for principal in (*self._state.agents, *self._state.workers):
                self._attendance.heard(principal, self._last_look_ms)
            return
        for principal in self._attendance.silent(self._last_look_ms):
            self._silent(principal)

    def _silent(self, principal: str) -> None:
        self._attendance.forget(principal)
        if principal in self._state.agents or principal in self._state.workers:
            log.warning("silent", who=principal)
            at_ms = now_ms()
            self._take(decide_silence(self._state, principal, at_ms), at_ms, f"silent:{principal}")


def _refuses(decided: Decided, seq: int) -> bool:
    return any(
        isinstance(fact, Refused) and fact.input == seq
        for facts in decided.by_task.values()
        for fact in facts
    )


def _stops(fact: object) -> bool:
    return isinstance(fact, _STOPPING) or (isinstance(fact, PlanRequested) and fact.replan)
