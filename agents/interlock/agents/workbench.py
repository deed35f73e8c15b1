"""The workbench: the steps that this process has in hand, and all that may happen to them.

It decides whether a dispatch is new, starts handlers, hands outcomes to their journals, and drops what was
cancelled, killed or outlived the connection. What a step is for, it does not know.
"""

import asyncio
from collections import OrderedDict

import msgspec
import structlog

from interlock.agents.context import Context
from interlock.agents.delivery import deliver_or_log
from interlock.agents.errors import HandsFull
from interlock.agents.handler import Handler
from interlock.agents.journal import Journal, Now
from interlock.bus.ports import Bus
from interlock.contracts.dispatch import Cancel, DoStep, Outcome
from interlock.contracts.message import encode
from interlock.contracts.step import StepFailure
from interlock.contracts.subjects import InputSubject, input_subject

MOST_REMEMBERED = 16_384

log = structlog.get_logger()


class InHand(msgspec.Struct):
    """One step that is being worked on."""

    step: DoStep
    journal: Journal
    work: asyncio.Task[None]


class Workbench:
    """The steps in hand, by task and step; at most `capacity` are being worked on."""

    def __init__(self, bus: Bus, handler: Handler, capacity: int, now: Now) -> None:
        self._bus = bus
        self._handler = handler
        self._capacity = capacity
        self._now = now
        self._in_hand: dict[tuple[int, str], InHand] = {}
        self._done: OrderedDict[tuple[int, str, int], None] = OrderedDict()
        self._telling: set[asyncio.Task[None]] = set()

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
        if (*place, step.attempt) in self._done or (mine is not None and mine.step.attempt >= step.attempt):
            return False
        if mine is not None:
            self._drop(mine, "a newer attempt has begun")
        elif len(self._in_hand) >= self._capacity:
            raise HandsFull(
                f"{self._capacity} steps are in hand: step {step.step} of task {step.task} must wait"
            )
        journal = Journal(self._bus, step, self._now)
        work = asyncio.get_running_loop().create_task(self._work(step, journal))
        self._in_hand[place] = InHand(step, journal, work)
        return True

    def hear(self, outcome: Outcome) -> None:
        """Hand an outcome to the step that asked; those of steps that are gone are nobody's."""
        mine = self._in_hand.get((outcome.task, outcome.step))
        if mine is not None:
            mine.journal.hear(outcome)

    def cancel(self, cancel: Cancel) -> None:
        """Drop one step, or all of a task; `attempt` 0 means whichever is in hand."""
        for mine in tuple(self._in_hand.values()):
            same_step = cancel.step in {"all", mine.step.step}
            if mine.step.task == cancel.task and same_step and cancel.attempt in {0, mine.step.attempt}:
                self._drop(mine, cancel.reason or "the supervisor cancelled it")

    def control(self, said: InputSubject) -> None:
        """Drop what is killed, at once; everything else is for the supervisor to decide."""
        if said.verb != "kill":
            return
        match said.rest:
            case ("fleet",):
                self.drop_all(f"{said.principal} killed everything")
            case ("task", task) if task.isdecimal():
                self.cancel(Cancel(task=int(task), reason=f"{said.principal} killed task {task}"))
            case _:
                pass

    def ask_again(self) -> None:
        """Ask for everything that waits: outcomes may have passed by."""
        for mine in self._in_hand.values():
            mine.journal.ask_again()

    def sweep(self) -> None:
        """Ask again for what is overdue."""
        for mine in self._in_hand.values():
            mine.journal.sweep()

    def drop_all(self, reason: str) -> None:
        """Drop every step."""
        for mine in tuple(self._in_hand.values()):
            self._drop(mine, reason)

    def _drop(self, mine: InHand, reason: str) -> None:
        log.info(
            "step_dropped", task=mine.step.task, step=mine.step.step, attempt=mine.step.attempt, reason=reason
        )
        self._in_hand.pop((mine.step.task, mine.step.step), None)
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
            message_id=f"{step.task}.{step.step}.{step.attempt}",
        )

    def _put_down(self, step: DoStep, journal: Journal) -> None:
        """Free the hand: from here on nothing but the end of the process keeps the result from being told."""
        journal.close("the step has ended")
        mine = self._in_hand.pop((step.task, step.step))
        self._telling.add(mine.work)
        mine.work.add_done_callback(self._telling.discard)
        self._done[step.task, step.step, step.attempt] = None
        if len(self._done) > MOST_REMEMBERED:
            self._done.popitem(last=False)
