"""Appends over a simulated line, with the promises and the doubts of the real pipeline (bus/appends.py).

What was sent and not answered when the line broke is published again if a second copy cannot be stored; else
whether it was stored is unknown, and it fails. A conditional append is published again after a silence too.
It must not know what is appended.
"""

import asyncio

import msgspec

from interlock.bus.errors import BusError, Superseded, Unreachable
from interlock.bus.memory import MemoryServer
from interlock.bus.ports import Ack, Message
from interlock.console.simulation.line import Line

SILENCE_S = 3.0
SWEEP_S = 0.5


class Conditions(msgspec.Struct, frozen=True):
    """On what an append depends; see `ports.Log.append_soon`."""

    expected_subject_seq: int | None = None
    expected_on: str = ""
    message_id: str = ""


class Append(msgspec.Struct, eq=False):
    """One append without an answer."""

    message: Message
    conditions: Conditions
    answer: "asyncio.Future[Ack]"
    due_s: float
    sent_s: float = 0.0
    sent: bool = False
    repeated: bool = False

    @property
    def conditional(self) -> bool:
        """Whether it shall be stored only after a certain record."""
        return self.conditions.expected_subject_seq is not None

    @property
    def watched(self) -> str:
        """The subject whose last record is its condition."""
        return self.conditions.expected_on or self.message.subject

    @property
    def repeatable(self) -> bool:
        """Whether a second copy cannot become a second record."""
        on_its_own = self.conditional and self.watched == self.message.subject
        return bool(self.conditions.message_id) or on_its_own


class SimulatedAppends:
    """All appends of one connection."""

    def __init__(self, line: Line, server: MemoryServer, ack_s: float) -> None:
        self.acked: set[int] = set()
        self._line = line
        self._server = server
        self._ack_s = ack_s
        self._loop = asyncio.get_running_loop()
        self._open: dict[int, Append] = {}
        self._last = 0
        self._up = True
        self._sweep: asyncio.TimerHandle | None = None

    def soon(self, message: Message, conditions: Conditions) -> "asyncio.Future[Ack]":
        """Publish now, or when the connection stands again."""
        answer: asyncio.Future[Ack] = self._loop.create_future()
        append = Append(message, conditions, answer, self._loop.time() + self._ack_s)
        self._last += 1
        self._open[self._last] = append
        if self._up:
            self._publish(self._last, append)
        if self._sweep is None:
            self._sweep = self._loop.call_later(SWEEP_S, self._on_sweep)
        return answer

    def lost(self) -> None:
        """Fail what may or may not have been stored and cannot be repeated safely."""
        self._up = False
        for token, append in tuple(self._open.items()):
            if append.sent and not append.repeatable:
                self._settle(token, Unreachable(f"whether {append.message.subject} was stored is unknown"))

    def restored(self) -> None:
        """Publish again what was sent before the break, then what has waited, in call order."""
        self._up = True
        open_appends = tuple(self._open.items())
        for token, append in open_appends:
            if append.sent:
                self._repeat(token, append)
        for token, append in open_appends:
            if not append.sent:
                self._publish(token, append)

    def fail_all(self) -> None:
        """Fail everything: the connection was closed."""
        for token in tuple(self._open):
            self._settle(token, Unreachable("this connection was closed"))

    def _repeat_if_possible(self, token: int, append: Append) -> None:
        if append.sent and self._up:
            self._repeat(token, append)

    def _repeat(self, token: int, append: Append) -> None:
        append.repeated = True
        self._publish(token, append)

    def _publish(self, token: int, append: Append) -> None:
        append.sent = True
        append.sent_s = self._loop.time()
        self._line.up(self._store, token, append, append.repeated)

    def _store(self, token: int, append: Append, repeated: bool) -> None:
        """Do what the server does."""
        outcome: Ack | BusError
        on = append.conditions
        try:
            outcome = self._server.append(
                append.message, on.expected_subject_seq, on.message_id, on.expected_on
            )
        except Superseded as refusal:
            outcome = (repeated and self._own_copy(append)) or refusal
        except BusError as refusal:
            outcome = refusal
        if not self._line.happens(self._line.weather.acks_lost):
            self._line.down(self._settle, token, outcome)

    def _own_copy(self, append: Append) -> Ack | None:
        """Find the first copy of a repeated append, as bus/conflicts.py does."""
        for record in self._server.records[append.conditions.expected_subject_seq or 0 :]:
            if record.subject == append.message.subject and record.data == append.message.data:
                return Ack(record.seq, duplicate=True)
            if record.subject == append.watched:
                return None
        return None

    def _settle(self, token: int, outcome: Ack | BusError) -> None:
        append = self._open.pop(token, None)
        if append is None or append.answer.done():
            return
        if isinstance(outcome, BusError):
            append.answer.set_exception(outcome)
        else:
            self.acked.add(outcome.seq)
            append.answer.set_result(outcome)

    def _on_sweep(self) -> None:
        self._sweep = None
        now_s = self._loop.time()
        for token, append in tuple(self._open.items()):
            if append.due_s <= now_s:
                self._settle(token, Unreachable(f"no acknowledgement of {append.message.subject}"))
            elif append.conditional and append.repeatable and append.sent_s + SILENCE_S < now_s:
                self._repeat_if_possible(token, append)
        if self._open:
            self._sweep = self._loop.call_later(SWEEP_S, self._on_sweep)
