"""The supervisor that leads: read, decide, commit, tell, repeat. It is the one writer of the log's decisions.

It knows the bus and the clock, and nothing of models, tools or prompts.
"""

import asyncio
from collections import deque
from collections.abc import Callable

from interlock.bus.clock import monotonic_ms
from interlock.bus.dispatch import Dispatcher
from interlock.bus.errors import BusError
from interlock.bus.logs import log
from interlock.bus.ports import Bus, Message, Record, Subscription
from interlock.bus.presence import SILENT_MS, Attendance
from interlock.contracts.decision import Decision
from interlock.contracts.facts import (
    Accepted,
    AgentCondemned,
    AnyFact,
    AutonomySet,
    CharterExceeded,
    Completed,
    EffectsJoined,
    Failed,
    FleetSwitched,
    Halted,
    LeaderLeft,
    LeaderTook,
    Parked,
    PlanRequested,
    PoliciesRefused,
    PoliciesSet,
    Receipted,
    Refused,
    Rejected,
    StepDead,
    StepLost,
    Switched,
)
from interlock.contracts.inputs import Input, read_record
from interlock.contracts.message import decode, encode, snake
from interlock.contracts.policy import Policies
from interlock.contracts.presence import AgentHello
from interlock.contracts.subjects import INPUTS, LEADER_DECISIONS
from interlock.supervisor.core.decide import (
    decide,
    decide_defect,
    decide_silence,
    decide_tick,
    decide_unconfirmed,
)
from interlock.supervisor.core.deciding.authorising import version
from interlock.supervisor.core.deciding.presence import keeps_out
from interlock.supervisor.core.state import State, Task
from interlock.supervisor.core.turn import Decided
from interlock.supervisor.errors import SteppedBack
from interlock.supervisor.knowledge import Knowledge
from interlock.supervisor.lead_beat import LeadBeat
from interlock.supervisor.outbox import Outbox
from interlock.supervisor.patience import Patience
from interlock.supervisor.policies import PolicyWatch
from interlock.supervisor.pulse import Pulse
from interlock.supervisor.records import Records
from interlock.supervisor.strangers import Strangers
from interlock.supervisor.telling import Late, Telling
from interlock.supervisor.timeline import Timeline

TICK_S = 0.25
LATE_MS = 1_500
BREATH_MS = 50
MOST_WAITING = 2_048
LEAVE_S = 0.5
_STOPPING = frozenset((Completed, Failed, Halted))
_SWITCHING = {FleetSwitched, Switched, AgentCondemned, Receipted, PoliciesSet, AutonomySet}
_LOGGED = _STOPPING | _SWITCHING | {Accepted, Rejected, Parked, StepDead, StepLost}
_PROCESSES = frozenset(("agent", "effect", "guard", "access"))
_NOTED = _LOGGED | {PlanRequested, Refused, PoliciesRefused, CharterExceeded, EffectsJoined}


class Leader:
    """Decides about everything on one bus until it is stopped or somebody else decides."""

    def __init__(
        self,
        bus: Bus,
        pulse: Pulse,
        term: int,
        known: Knowledge,
        *,
        silent_ms: int = SILENT_MS,
        policies: Callable[[], Policies] | None = None,
    ) -> None:
        self._bus = bus
        self._pulse = pulse
        self._term = term
        self._state = known.state
        self._open_inputs = known.open_inputs
        self._next_seq = known.next_seq
        # What was on its way when the last leader ended is decided again first: agents may be at it.
        self._cause = min((said.seq for said in self._open_inputs), default=known.next_seq) - 1
        self._time = Timeline(known.latest_ms)
        self._loop = asyncio.get_running_loop()
        self._failure: asyncio.Future[None] = self._loop.create_future()
        self._records = Records(bus)
        self._dispatcher = Dispatcher(bus, bus.principal, self._not_taken, may_send=lambda: pulse.sure)
        self._telling = Telling(
            self._dispatcher, self._records, state=lambda: self._state, as_of=lambda: self._cause
        )
        self._outbox = Outbox(
            bus, bus.principal, term, sent=self._telling.sent, committed=self._committed, failed=self._fail
        )
        self._attendance = Attendance(silent_ms=silent_ms)
        self._strangers = Strangers(bus, self._back)
        self._patience = Patience(self._unconfirmed, self._hears_everything)
        self._policies = PolicyWatch(bus, policies, lambda: version(self._state))
        self._lead_beat = LeadBeat(bus, bus.principal, pulse.life, lambda: pulse.sure)
        self._ending: dict[int, Task] = {}
        self._late: dict[int, Input] = {}
        self._waiting: deque[Record] = deque()
        self._breathing = False
        self._turn_began_ms: int | None = None
        self._last_look_ms = monotonic_ms()

    @property
    def state(self) -> State:
        """What it knows now."""
        return self._state

    @property
    def idle(self) -> bool:
        """Whether everything that was said is decided, and everything decided is durable."""
        return self._outbox.idle and not self._waiting

    async def run(self, stamps: dict[int, int]) -> None:
        """Decide until cancelled; `stamps` are this term's records so far, by task.

        Raises SteppedBack when another supervisor decides.
        """
        for task, seq in stamps.items():
            self._outbox.stands_at(task, seq)
        self._expect_everybody()
        self._pulse.on_beat = self._beat
        subscriptions: list[Subscription] = []
        try:
            await self._dispatcher.start()
            subscriptions.append(await self._bus.listen(LEADER_DECISIONS, self._on_leader))
            self._lead_beat.start()
            # Before anybody is told to begin: what agents ask then stands behind the policies in the log.
            await self._policies.look()
            taken_over = self._state
            self._tick()
            await self._decide_open_inputs()
            self._telling.all_in_hand(taken_over)
            self._patience.expect(self._state.stopping)
            subscriptions.append(await self._bus.follow([INPUTS], self._record, start_seq=self._next_seq))
            await self._until_failure()
        except asyncio.CancelledError:
            await self._stop(subscriptions)
            await self._leave()
            raise
        finally:
            await self._stop(subscriptions)
            self._outbox.stop()
            self._strangers.stop()
            await self._telling.stop()

    def _hears_everything(self) -> bool:
        return self._pulse.sure and not self._waiting and not self._open_inputs

    async def _until_failure(self) -> None:
        ticking = asyncio.create_task(self._keep_ticking())
        looking = asyncio.create_task(self._policies.keep_looking())
        try:
            await asyncio.wait((ticking, self._failure), return_when=asyncio.FIRST_COMPLETED)
            (self._failure if self._failure.done() else ticking).result()
        finally:
            ticking.cancel()
            looking.cancel()

    async def _stop(self, subscriptions: list[Subscription]) -> None:
        """Hear nothing more, and so decide nothing more."""
        self._pulse.on_beat = _nobody
        self._patience.stop()
        await self._lead_beat.stop()
        for subscription in subscriptions:
            await subscription.stop()
        subscriptions.clear()
        self._waiting.clear()

    async def _leave(self) -> None:
        """Write what was decided, and say that nobody has to wait for this one to fall silent."""
        await self._outbox.drain(LEAVE_S)
        self._outbox.stop()
        if self._failure.done():
            return
        left = LeaderLeft(
            principal=self._bus.principal, incarnation=self._pulse.life, at_ms=self._time.now_ms()
        )
        record = Decision(task=0, cause=0, at_ms=left.at_ms, by=left.principal, facts=(left,))
        try:
            async with asyncio.timeout(LEAVE_S):
                await self._bus.append(LEADER_DECISIONS, encode(record), expected_subject_seq=self._term)
        except (BusError, TimeoutError) as failure:
            log.warning("left_without_a_word", reason=str(failure) or "the log did not answer")

    async def _on_leader(self, _message: Message) -> None:
        """Look who leads when somebody wrote there: what is heard need not have been stored."""
        try:
            newest = await self._bus.last(LEADER_DECISIONS)
        except BusError as failure:
            log.warning("leader_not_read", reason=str(failure))
            return
        if newest is not None and newest.seq > self._term:
            for fact in decode(Decision, newest.data).facts:
                if isinstance(fact, LeaderTook):
                    self._fail(SteppedBack(f"{fact.principal} leads since record {newest.seq}"))

    async def _decide_open_inputs(self) -> None:
        """Decide what waited while nobody led."""
        breathed_ms = monotonic_ms()
        for said in self._open_inputs:
            self._decide(said)
            if monotonic_ms() - breathed_ms > BREATH_MS:
                await asyncio.sleep(0)
                breathed_ms = monotonic_ms()
        self._open_inputs = []

    def _record(self, record: Record) -> None:
        self._waiting.append(record)
        if not self._breathing:
            self._work()

    def _work(self) -> None:
        """Decide what waits, but breathe now and then: whoever does not beat is thought dead."""
        if self._turn_began_ms is None:
            self._turn_began_ms = monotonic_ms()
            self._loop.call_soon(self._next_turn)
        while self._waiting:
            in_time = monotonic_ms() - self._turn_began_ms < BREATH_MS
            if not in_time and len(self._waiting) <= MOST_WAITING:
                self._breathing = True
                return
            record = self._waiting.popleft()
            self._decide(read_record(record.seq, record.time_ms, record.subject, record.data, record.time_us))

    def _next_turn(self) -> None:
        self._turn_began_ms, self._breathing = None, False
        if self._waiting:
            self._work()

    def _decide(self, said: Input) -> None:
        if self._failure.done():
            return
        self._records.keep(said)
        self._cause = said.seq
        if said.kind in _PROCESSES:
            self._attendance.heard(said.principal, monotonic_ms())
        at_ms = self._time.at_ms(said.time_ms)
        try:
            decided = decide(self._state, said, at_ms)
        except Exception:
            # A defect must not stop the work of everybody else: the input is refused, and the log says so.
            log.exception("not_decided", record=said.seq, by=said.principal, verb=f"{said.kind}.{said.verb}")
            decided = decide_defect(self._state, said)
        if isinstance(said.body, Late) and _refuses(decided, said.seq):
            self._late[said.seq] = said
        self._take(decided, at_ms, "")

    def _take(self, decided: Decided, at_ms: int, observed: str) -> None:
        if self._failure.done():
            return
        before, self._state = self._state, decided.state
        if decided.segments:
            self._time.reach(at_ms)
        if self._state.stopping is not before.stopping:
            self._patience.expect(self._state.stopping)
        for task, facts in decided.segments:
            known = before.tasks.get(task)
            if known is not None and any(_stops(fact) for fact in facts):
                self._ending[task] = known
            self._telling.decided(facts)
            self._outbox.write(task, facts, self._cause, at_ms, observed)
        if decided.outgrown:
            log.error("outgrown", record=self._cause, observed=observed, reason=decided.outgrown)
        if decided.outgrown or any(task == 0 for task, _ in decided.segments):
            # Also who was to be given up, and is still here because that did not fit.
            self._expect_everybody()

    def _committed(self, decision: Decision, seq: int) -> None:
        self._telling.committed(decision)
        for fact in decision.facts:
            if type(fact) not in _NOTED:
                continue
            if _stops(fact) and decision.task in self._ending:
                self._telling.cancel_all(self._ending.pop(decision.task), "it has ended or is planned anew")
            if isinstance(fact, Refused) and fact.input in self._late:
                # Not before it is durable: for another leader the agent may be right.
                said = self._late.pop(fact.input)
                assert isinstance(said.body, Late)
                self._telling.cancel_late(said.principal, said.body, said.task)
            if isinstance(fact, PoliciesRefused):
                log.error("policies_refused", record=seq, reasons=fact.reasons)
            elif isinstance(fact, EffectsJoined):
                self._lead_beat.at_once()
            elif isinstance(fact, CharterExceeded):
                log.warning("charter_exceeded", who=fact.principal, asks=fact.asks)
            elif type(fact) in _LOGGED:
                log.info(snake(type(fact).__name__), task=decision.task, record=seq, cause=decision.cause)

    def _fail(self, failure: Exception) -> None:
        """Decide, write and tell nothing from here on."""
        self._outbox.stop()
        if not self._failure.done():
            self._failure.set_exception(failure)
            self._failure.exception()  # seen, also when `run` is cancelled before it looks

    def _not_taken(self, key: str, principal: str) -> None:
        if key.startswith(("step.", "effect.", "withdraw.")):
            self._silent(principal)

    def _beat(self, principal: str) -> None:
        now_ms = monotonic_ms()
        self._attendance.heard(principal, now_ms)
        if self._state.incarnation_of(principal):
            self._strangers.known(principal)
        else:
            self._strangers.heard(principal, now_ms)

    def _back(self, hello: Input) -> None:
        """Let somebody join again who was given up and lives; a hello that is still to come is not it."""
        who = hello.principal
        if isinstance(hello.body, AgentHello) and keeps_out(self._state, who, hello.body):
            self._telling.stop_again(who)
            return
        if not self._state.incarnation_of(who) and hello.seq <= self._cause and not self._failure.done():
            log.warning("back", who=who)
            at_ms = self._time.now_ms()
            self._take(decide(self._state, hello, at_ms), at_ms, f"back:{who}")

    def _expect_everybody(self) -> None:
        for principal in self._state.principals:
            if self._attendance.heard_at_ms(principal) is None:
                self._attendance.heard(principal, monotonic_ms())

    async def _keep_ticking(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            self._tick()
            self._look_around()

    def _tick(self) -> None:
        at_ms = self._time.now_ms()
        self._take(decide_tick(self._state, at_ms), at_ms, "tick")

    def _look_around(self) -> None:
        """Decide about who has fallen silent, unless it was this process that did not listen."""
        looked_ms, self._last_look_ms = self._last_look_ms, monotonic_ms()
        if self._last_look_ms - looked_ms > LATE_MS or not self._pulse.sure:
            for principal in self._state.principals:
                self._attendance.heard(principal, self._last_look_ms)
            return
        for principal in self._attendance.silent(self._last_look_ms):
            self._silent(principal)

    def _silent(self, principal: str) -> None:
        self._attendance.forget(principal)
        if self._state.incarnation_of(principal):
            log.warning("silent", who=principal)
            at_ms = self._time.now_ms()
            self._take(decide_silence(self._state, principal, at_ms), at_ms, f"silent:{principal}")

    def _unconfirmed(self, principal: str) -> None:
        """Decide about an agent that has not confirmed in time that it stopped what was killed."""
        log.warning("unconfirmed", who=principal)
        at_ms = self._time.now_ms()
        self._take(decide_unconfirmed(self._state, principal, at_ms), at_ms, f"unconfirmed:{principal}")


def _refuses(decided: Decided, seq: int) -> bool:
    return any(
        isinstance(fact, Refused) and fact.input == seq for _, facts in decided.segments for fact in facts
    )


def _stops(fact: AnyFact) -> bool:
    return type(fact) in _STOPPING or (isinstance(fact, PlanRequested) and fact.replan)


def _nobody(_principal: str) -> None:
    return
