"""The journal of one step: what it asked for and still waits for, and what it was told before it asked.

The log behind it is the supervisor's: a replaced agent asks the same keys and gets the recorded outcomes, so
nothing stands here that could be lost. An outcome that does not come is asked for again with the same bytes.
It knows neither what the calls mean nor what the outcomes hold.
"""

import asyncio
from collections.abc import Callable

import msgspec

from interlock.agents.errors import Cancelled, EffectError, EffectFailed
from interlock.agents.keys import Keys
from interlock.bus.errors import BusError, LogFull, Unreachable
from interlock.bus.ports import Ack, Bus
from interlock.contracts.dispatch import DoStep, Outcome
from interlock.contracts.effect import Call, EffectRequest
from interlock.contracts.limits import MAX_MESSAGE_BYTES, MAX_PAUSE_S
from interlock.contracts.message import encode
from interlock.contracts.subjects import input_subject

MOST_WAITING = 256
MOST_EARLY = 256
REFUSED_AGAIN_S = 1.0
FIRST_AGAIN_S = 10.0
LATER_AGAIN_S = 30.0
SELDOM_AGAIN_S = 300.0
# Whoever has waited for days is asked about less often: by so much of the wait.
SELDOMER = 1 / 50
MOST_DOUBLINGS = 12
# A person may be asked, and has as long as a task may be paused.
LONGEST_WAIT_S = float(MAX_PAUSE_S)

Now = Callable[[], float]


class Waiting(msgspec.Struct):
    """One effect that has no outcome yet; times are the journal's clock, in seconds."""

    request: bytes
    answer: asyncio.Future[Outcome]
    since: float
    due: float
    asked: int = 1


class Journal:
    """What one attempt at one step asks for; `now` is a monotonic clock in seconds."""

    def __init__(self, bus: Bus, step: DoStep, now: Now) -> None:
        self._bus = bus
        self._step = step
        self._now = now
        self._subject = input_subject(bus.principal, "agent", "effect", step.task)
        self._keys = Keys()
        self._waiting: dict[str, Waiting] = {}
        self._early: dict[str, Outcome] = {}
        self._closed = ""

    @property
    def closed(self) -> bool:
        """Whether the step has ended or was taken away."""
        return bool(self._closed)

    async def outcome(self, call: Call) -> Outcome:
        """Ask for an effect and wait until the supervisor or an effect worker says what became of it.

        Raises Cancelled once the step is closed, EffectFailed for a request that cannot be sent at all.
        """
        if self._closed:
            raise Cancelled(self._closed)
        key = self._keys.key(call)
        early = self._early.pop(key, None)
        if early is not None:
            return early
        waiting = self._ask(key, call)
        try:
            return await waiting.answer
        finally:
            self._waiting.pop(key, None)

    def hear(self, outcome: Outcome) -> None:
        """Take an outcome, also one that comes before its question; a second one changes nothing."""
        waiting = self._waiting.get(outcome.key)
        if waiting is None:
            self._keep(outcome)
        elif not waiting.answer.done():
            waiting.answer.set_result(outcome)

    def sweep(self) -> None:
        """Ask again for what is overdue; give up on what nobody will say any more."""
        now = self._now()
        for waiting in self._waiting.values():
            if waiting.due > now or waiting.answer.done():
                continue
            if now - waiting.since > LONGEST_WAIT_S:
                days = LONGEST_WAIT_S / 86_400
                waiting.answer.set_exception(
                    EffectFailed(f"no outcome came in {days:g} days", transient=True)
                )
                continue
            waiting.due = now + _pause_s(waiting, now)
            waiting.asked += 1
            self._publish(waiting)

    def ask_again(self) -> None:
        """Ask for everything at once: outcomes may have been lost with the connection."""
        for waiting in self._waiting.values():
            if not waiting.answer.done():
                waiting.due = self._now() + FIRST_AGAIN_S
                self._publish(waiting)

    def close(self, reason: str) -> None:
        """End every wait and refuse every further call; `reason` is what Cancelled says."""
        self._closed = self._closed or reason
        self._early.clear()
        for waiting in self._waiting.values():
            if not waiting.answer.done():
                waiting.answer.cancel()

    def _ask(self, key: str, call: Call) -> Waiting:
        if len(self._waiting) >= MOST_WAITING:
            raise EffectFailed(f"{MOST_WAITING} calls wait already: await some before you make more")
        step = self._step
        request = encode(EffectRequest(step=step.step, attempt=step.attempt, key=key, call=call))
        if len(request) > MAX_MESSAGE_BYTES:
            raise EffectFailed(
                f"the call has {len(request)} bytes, more than the {MAX_MESSAGE_BYTES} that fit: give it less"
            )
        now = self._now()
        answer = asyncio.get_running_loop().create_future()
        waiting = self._waiting[key] = Waiting(request, answer, now, now + FIRST_AGAIN_S)
        self._publish(waiting)
        return waiting

    def _publish(self, waiting: Waiting) -> None:
        def on_ack(ack: asyncio.Future[Ack]) -> None:
            error = None if ack.cancelled() else ack.exception()
            if error is not None and not waiting.answer.done():
                self._refused(waiting, error)

        self._bus.append_soon(self._subject, waiting.request).add_done_callback(on_ack)

    def _refused(self, waiting: Waiting, error: BaseException) -> None:
        if isinstance(error, Unreachable | LogFull):
            waiting.due = self._now() + REFUSED_AGAIN_S
        elif isinstance(error, BusError):
            waiting.answer.set_exception(EffectFailed(f"the call could not be asked for: {error}"))
        else:
            waiting.answer.set_exception(EffectError(f"the call could not be asked for: {error!r}"))

    def _keep(self, outcome: Outcome) -> None:
        done = outcome.end in {"completed", "answered"}
        if done and not self._closed and len(self._early) < MOST_EARLY:
            self._early[outcome.key] = outcome


def _pause_s(waiting: Waiting, now: float) -> float:
    """Return how long to wait before the next question: ever longer, as the wait grows."""
    doublings = min(max(0, waiting.asked - 3), MOST_DOUBLINGS)
    return min(LATER_AGAIN_S * 2.0**doublings, max(SELDOM_AGAIN_S, (now - waiting.since) * SELDOMER))
