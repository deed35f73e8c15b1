"""Steps that were stopped by an order: of each it is said once that nothing of it runs any more.

Only its end counts: a handler that was cancelled and goes on is not confirmed, and its process will be ended
from outside. It does not know who ordered what.
"""

import asyncio
from collections import OrderedDict

from interlock.agents.delivery import deliver_or_log
from interlock.bus.clock import now_us
from interlock.bus.logs import log
from interlock.bus.ports import Bus
from interlock.contracts.message import encode
from interlock.contracts.step import StepStopped
from interlock.contracts.subjects import input_subject

MOST_REMEMBERED = 16_384

Attempt = tuple[int, str, int]
"""Task, step and attempt."""


class Stops:
    """Confirms stops; `life` keeps its messages apart from those that anybody else could say."""

    def __init__(self, bus: Bus, life: str) -> None:
        self._bus = bus
        self._life = life
        self._ordered: OrderedDict[Attempt, None] = OrderedDict()
        self._telling: set[asyncio.Task[None]] = set()

    def order(self, attempt: Attempt, work: "asyncio.Task[None] | None") -> None:
        """Confirm a stop as soon as `work` has ended; None: nothing of it runs here."""
        if attempt in self._ordered:
            return
        self._ordered[attempt] = None
        if len(self._ordered) > MOST_REMEMBERED:
            self._ordered.popitem(last=False)
        if work is None or work.done():
            self._tell(attempt)
        else:
            work.add_done_callback(lambda _: self._tell(attempt))

    def stop(self) -> None:
        """Say nothing more."""
        for telling in self._telling:
            telling.cancel()

    def _tell(self, attempt: Attempt) -> None:
        task, step, number = attempt
        log.info("step_stopped", task=task, step=step, attempt=number)
        stopped = StepStopped(step=step, attempt=number, stopped_us=now_us())
        subject = input_subject(self._bus.principal, "agent", "stopped", task)
        message_id = f"{self._life}.stopped.{task}.{step}.{number}"
        telling = asyncio.get_running_loop().create_task(
            deliver_or_log(self._bus, subject, encode(stopped), message_id=message_id)
        )
        self._telling.add(telling)
        telling.add_done_callback(self._telling.discard)
