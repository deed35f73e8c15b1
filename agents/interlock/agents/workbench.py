"""The workbench: the steps that this process has in hand, and all that may happen to them.

It decides whether a dispatch is new, starts handlers, hands outcomes to their journals, and drops what was
cancelled, killed or outlived the connection. What a step is for, it does not know.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable

import msgspec

from interlock.agents.context import Context
from interlock.agents.delivery import deliver_or_log
from interlock.agents.errors import HandsFull
from interlock.agents.handler import Handler
from interlock.agents.journal import Journal, Now
from interlock.agents.stops import Attempt, Stops
from interlock.bus.logs import log
from interlock.bus.ports import Bus
from interlock.contracts.dispatch import Cancel, DoStep, Outcome
from interlock.contracts.message import encode
from interlock.contracts.scope import Doing, Scope, covers
from interlock.contracts.step import StepFailure
from interlock.contracts.subjects import input_subject

MOST_REMEMBERED = 16_384
MOST_CLINGING = 256


class Working(msgspec.Struct):
    """One attempt at a step whose task has not ended: it is worked on, told of, or clings to its life."""

    step: DoStep
    journal: Journal
    work: asyncio.Task[None]

    @property
    def attempt(self) -> Attempt:
        """Which attempt it is."""
        return attempt_of(self.step)


class Workbench:
    """The steps in hand, by task and step; at most `capacity` are being worked on.

    An attempt that was begun or stopped is never begun again. `life` is a name that nobody else knows.
    """

    def __init__(self, bus: Bus, handler: Handler, capacity: int, now: Now, life: str) -> None:
        self._bus = bus
        self._handler = handler
        self._capacity = capacity
        self._now = now
        self._life = life
        self._stops = Stops(bus, life)
        self._in_hand: dict[tuple[int, str], Working] = {}
        self._alive: dict[Attempt, Working] = {}
        self._done: OrderedDict[Attempt, None] = OrderedDict()

    @property
    def in_hand(self) -> int:
        """How many steps are being worked on."""
        return len(self._in_hand)

    def take(self, step: DoStep) -> bool:
        """Begin a step and return True; return False when it is in hand or was done already.

        A newer attempt replaces an older one, never the other way round. Raises HandsFull.
        """
        place = (step.task, step.step)
        mine = self._in_hand.get(place)
        if attempt_of(step) in self._done or (mine is not None and mine.step.attempt >= step.attempt):
            return False
        self._check_room(step, replaces=mine is not None)
        if mine is not None:
            self._drop(mine, "a newer attempt has begun")
        journal = Journal(self._bus, step, self._now)
        work = asyncio.get_running_loop().create_task(self._work(step, journal))
        working = self._in_hand[place] = self._alive[attempt_of(step)] = Working(step, journal, work)
        work.add_done_callback(lambda _: self._alive.pop(working.attempt, None))
        return True

    def hear(self, outcome: Outcome) -> None:
        """Hand an outcome to the step that asked; those of steps that are gone are nobody's."""
        mine = self._in_hand.get((outcome.task, outcome.step))
        if mine is not None:
            mine.journal.hear(outcome)

    def cancel(self, cancel: Cancel) -> None:
        """Stop one step, or all of a task; `attempt` 0 means whichever is here.

        A stop of one attempt is confirmed also when nothing of it is here.
        """

        def named(step: DoStep) -> bool:
            same_step = cancel.step in {"all", step.step}
            return step.task == cancel.task and same_step and cancel.attempt in {0, step.attempt}

        self._stop_all(named, cancel.reason or "the supervisor cancelled it")
        if cancel.step != "all" and cancel.attempt:
            attempt = (cancel.task, cancel.step, cancel.attempt)
            self._remember(attempt)
            if attempt not in self._alive:
                self._stops.order(attempt, None)

    def kill(self, scope: Scope, reason: str) -> None:
        """Stop what a kill is over, at once; who made it stands in the log."""
        me = self._bus.principal

        def covered(step: DoStep) -> bool:
            doing = Doing(task=step.task, step=step.step, agent=me, role=step.role, tenant=step.tenant)
            return covers(scope, doing)

        self._stop_all(covered, reason)

    def ask_again(self) -> None:
        """Ask for everything that waits: outcomes may have passed by."""
        for mine in self._in_hand.values():
            mine.journal.ask_again()

    def sweep(self) -> None:
        """Ask again for what is overdue."""
        for mine in self._in_hand.values():
            mine.journal.sweep()

    def drop_all(self, reason: str) -> None:
        """Drop every step that is worked on."""
        for mine in tuple(self._in_hand.values()):
            self._drop(mine, reason)

    def close(self, reason: str) -> None:
        """Drop every step, and confirm nothing more: the process ends."""
        self.drop_all(reason)
        self._stops.stop()

    def _check_room(self, step: DoStep, *, replaces: bool) -> None:
        if len(self._in_hand) >= self._capacity and not replaces:
            raise HandsFull(
                f"{self._capacity} steps are in hand: step {step.step} of task {step.task} must wait"
            )
        if len(self._alive) - len(self._in_hand) >= MOST_CLINGING:
            raise HandsFull(
                f"{MOST_CLINGING} handlers have not ended that were stopped: start this agent again"
            )

    def _stop_all(self, named: Callable[[DoStep], bool], reason: str) -> None:
        for mine in tuple(self._alive.values()):
            if not named(mine.step):
                continue
            if self._in_hand.get((mine.step.task, mine.step.step)) is mine:
                self._drop(mine, reason)
            else:
                # Its result may be on its way to the log, or its handler may not have ended.
                mine.work.cancel()
            self._stops.order(mine.attempt, mine.work)

    def _drop(self, mine: Working, reason: str) -> None:
        log.info(
            "step_dropped", task=mine.step.task, step=mine.step.step, attempt=mine.step.attempt, reason=reason
        )
        del self._in_hand[mine.step.task, mine.step.step]
        self._remember(mine.attempt)
        mine.journal.close(reason)
        mine.work.cancel()

    async def _work(self, step: DoStep, journal: Journal) -> None:
        try:
            message = await self._handler.work(step, Context(self._bus, step, journal))
        except asyncio.CancelledError:
            message = StepFailure(
                step=step.step, attempt=step.attempt, kind="transient", message="the handler cancelled itself"
            )
        if journal.closed:
            return
        self._put_down(step, journal)
        verb = "failed" if isinstance(message, StepFailure) else "result"
        await deliver_or_log(
            self._bus,
            input_subject(self._bus.principal, "agent", verb, step.task),
            encode(message),
            message_id=f"{self._life}.{step.task}.{step.step}.{step.attempt}",
        )

    def _put_down(self, step: DoStep, journal: Journal) -> None:
        """Free the hand: from here on only an order to stop keeps the result from being told."""
        journal.close("the step has ended")
        del self._in_hand[step.task, step.step]
        self._remember(attempt_of(step))

    def _remember(self, attempt: Attempt) -> None:
        self._done[attempt] = None
        if len(self._done) > MOST_REMEMBERED:
            self._done.popitem(last=False)


def attempt_of(step: DoStep) -> Attempt:
    """Return which attempt a dispatch is about."""
    return step.task, step.step, step.attempt
