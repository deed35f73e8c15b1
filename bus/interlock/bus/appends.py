"""The pipeline of appends: publishes in call order without waiting, and matches the acknowledgements.

What happens to an append that was sent but not answered when the connection breaks:

- with a message id it is published again, and the server drops the second copy;
- with an expected sequence on its own subject it is published again, and a copy cannot be stored twice;
- without either its outcome is unknown, and it fails with Unreachable at once.

When the answer to a repeated one says "superseded", the log is read: identical bytes are our own first copy,
and an answer of the server that somebody misdirected there (`echoes`) is nobody's: the append is made behind
it. A conditional append is also repeated when the log has no leader or falls silent, as a replicated one does
while it elects another, and goes again in its lane when the log would not look at it (`lanes`).

Appends made while there is no connection wait, in order, and fail when their time is over: they were not
sent. It knows nothing of readers.
"""

import asyncio
from collections import deque

import msgspec
import nats.errors

from interlock.bus import jetstream
from interlock.bus.append import Append
from interlock.bus.conflicts import examine
from interlock.bus.errors import BusError, Busy, LogFull, MayNotSay, Superseded, TooLarge, Unreachable
from interlock.bus.lanes import Lanes
from interlock.bus.logs import log
from interlock.bus.ports import Ack
from interlock.bus.requests import NO_RESPONDERS, Requests, status_of
from interlock.bus.wired import Wired

WINDOW_BYTES = 16 * 1024 * 1024
MOST_WAITING = 65_536
MOST_MOVES = 16
DRAIN_S = 10.0
LONGEST_SWEEP_S = 0.5
SWEEPS_PER_ACK = 10
SILENCE_S = 3.0
LEADERLESS_PAUSE_S = 0.1

_decode_ack = msgspec.json.Decoder(jetstream.PubAck).decode


class AppendLimits(msgspec.Struct, frozen=True):
    """How many appends may be sent and unanswered, and how long each may stay without an answer."""

    window: int = 1024
    ack_s: float = 5.0


class Appends:
    """All appends of one connection; at most `window` are sent and unanswered, the others wait in order."""

    def __init__(self, requests: Requests, limits: AppendLimits) -> None:
        self._requests = requests
        self._connection = connection = requests.connection
        self._window = limits.window
        self._ack_s = limits.ack_s
        self._loop = asyncio.get_running_loop()
        self._inbox = f"{connection.inbox()}."
        self._last_token = 0
        self._open: dict[int, Append] = {}
        self._waiting: deque[int] = deque()
        self._lanes = Lanes(self._go_again)
        self._examined: set[Append] = set()
        self._sent = 0
        self._sent_bytes = 0
        self._sweep: asyncio.TimerHandle | None = None
        self._sweep_s = min(limits.ack_s / SWEEPS_PER_ACK, LONGEST_SWEEP_S)

    async def start(self) -> None:
        """Listen for acknowledgements."""
        await self._connection.hear(self._inbox + "*", self._on_ack)
        self._connection.watchers.add(self)

    def soon(
        self,
        subject: str,
        data: bytes,
        expected_subject_seq: int | None,
        expected_on: str,
        message_id: str,
    ) -> asyncio.Future[Ack]:
        """Publish now if the window allows, else as soon as it does; return the future acknowledgement."""
        answer: asyncio.Future[Ack] = self._loop.create_future()
        refusal = self._refusal(subject, len(data) + len(message_id) + len(expected_on))
        if refusal:
            answer.set_exception(refusal)
            return answer
        due = self._loop.time() + self._ack_s
        self._enter(Append(subject, data, expected_subject_seq, expected_on, message_id, answer, due))
        return answer

    def _enter(self, append: Append) -> None:
        self._last_token += 1
        token = self._last_token
        self._open[token] = append
        if self._waiting or not self._may_send():
            self._waiting.append(token)
        else:
            self._send(token, append)
        if self._sweep is None:
            self._sweep = self._loop.call_later(self._sweep_s, self._on_sweep)

    async def drain(self) -> None:
        """Wait until every append has its answer: bounded, since each fails when its time is over."""
        answers = [append.answer for append in (*self._open.values(), *self._examined)]
        if answers and self._connection.up:
            await asyncio.wait(answers, timeout=min(2 * self._ack_s, DRAIN_S))
        self._fail_all()

    def lost(self) -> None:
        """Fail what may or may not have been stored and cannot be repeated safely."""
        for token, append in tuple(self._open.items()):
            if append.sent and not append.repeatable:
                self._fail(token, self._connection.failure(f"whether {append.subject} was stored is unknown"))

    def restored(self) -> None:
        """Publish again what was sent before the break, then what has waited, in call order."""
        for token, append in self._open.items():
            if append.sent:
                self._repeat(token, append)
        self._fill()

    def refused(self, subject: str) -> None:
        """Fail every append on a subject that the server will not take from this principal."""
        for token, append in tuple(self._open.items()):
            if append.subject.lower() == subject:
                sentence = f"{self._connection.principal} may not publish on {append.subject}"
                self._fail(token, MayNotSay(sentence))

    def _refusal(self, subject: str, size_bytes: int) -> BusError | None:
        if self._connection.final is not None:
            return self._connection.final
        most = self._connection.max_payload
        if size_bytes > most:
            return TooLarge(
                f"{size_bytes} bytes for {subject}: one record holds at most {most}; refer to it by digest"
            )
        if len(self._waiting) >= MOST_WAITING:
            return LogFull(
                f"{MOST_WAITING} appends wait for the log already; wait for their acknowledgements"
            )
        return None

    def _may_send(self) -> bool:
        return self._sent < self._window and self._sent_bytes < WINDOW_BYTES and self._connection.up

    def _fill(self) -> None:
        while self._waiting and self._may_send():
            token = self._waiting.popleft()
            append = self._open.get(token)
            if append is not None:
                self._send(token, append)

    def _send(self, token: int, append: Append) -> None:
        if not self._lanes.holds(token, append):
            self._count(append, sent=True)
            self._publish(token, append)

    def _go_again(self, token: int) -> bool:
        append = self._open.get(token)
        if append is None:
            return False
        self._count(append, sent=True)
        if self._connection.up:
            self._publish(token, append)
        return True

    def _repeat(self, token: int, append: Append) -> None:
        append.repeated = True
        self._publish(token, append)

    def _count(self, append: Append, *, sent: bool) -> None:
        sign = sent - append.sent
        append.sent = sent
        self._sent += sign
        self._sent_bytes += sign * len(append.data)

    def _publish(self, token: int, append: Append) -> None:
        append.sent_at = self._loop.time()
        try:
            self._connection.publish(append.subject, append.data, f"{self._inbox}{token}", append.headers)
        except nats.errors.Error as failure:
            self._loop.call_soon(
                self._fail,
                token,
                BusError(f"{append.subject!r} cannot be published ({failure}); check the subject"),
            )

    def _on_ack(self, message: Wired) -> None:
        token = int(message.subject.removeprefix(self._inbox))
        append = self._open.get(token)
        if append is None:
            return
        leaderless = not message.data and status_of(message) == NO_RESPONDERS
        outcome = self._outcome(append, message)
        if append.conditional and (leaderless or isinstance(outcome, Busy)):
            self._count(append, sent=False)
            self._lanes.busy(token, append, at_least_s=LEADERLESS_PAUSE_S if leaderless else 0.0)
            return
        self._close(token)
        if isinstance(outcome, Superseded):
            self._connection.errand(self._examine(append, outcome))
        else:
            append.settle(outcome)

    def _outcome(self, append: Append, message: Wired) -> Ack | BusError:
        if not message.data:
            if status_of(message) == NO_RESPONDERS:
                return Unreachable(
                    f"no log takes {append.subject}: create the stream first, or check the subject"
                )
            return BusError(f"an empty answer to {append.subject}")
        ack = _decode_ack(message.data)
        if ack.error is None:
            return Ack(ack.seq, ack.duplicate)
        return jetstream.error_of(append.subject, ack.error)

    async def _examine(self, append: Append, superseded: Superseded) -> None:
        self._examined.add(append)
        outcome = await examine(self._requests, append, superseded)
        self._examined.discard(append)
        if not isinstance(outcome, int):
            append.settle(outcome)
        elif append.moved >= MOST_MOVES:
            append.settle(superseded)
        else:
            log.error("bus_echo_passed_over", seq=outcome, subject=append.subject)
            append.moved += 1
            append.expected_subject_seq = outcome
            append.sent = append.repeated = False
            append.due = self._loop.time() + self._ack_s
            self._enter(append)

    def _close(self, token: int) -> Append | None:
        append = self._open.pop(token, None)
        if append is None:
            return None
        self._count(append, sent=False)
        self._lanes.over(token, append)
        if self._waiting:
            self._fill()
        return append

    def _fail(self, token: int, error: BusError) -> None:
        append = self._close(token)
        if append is not None:
            append.settle(error)

    def _fail_all(self) -> None:
        for append in self._examined:
            append.settle(Unreachable(f"the connection ended before {append.subject} was looked into"))
        for token, append in tuple(self._open.items()):
            outcome = "whether it was stored is unknown" if append.sent else "it was not sent"
            self._fail(
                token, Unreachable(f"the connection ended with {append.subject} outstanding; {outcome}")
            )

    def _on_sweep(self) -> None:
        self._sweep = None
        now = self._loop.time()
        for token, append in tuple(self._open.items()):
            if append.due <= now:
                self._fail(token, self._overdue(append))
            elif append.sent and append.conditional and append.sent_at + SILENCE_S < now:
                self._repeat_if_possible(token, append)
        while self._waiting and self._waiting[0] not in self._open:
            self._waiting.popleft()
        if self._open:
            self._sweep = self._loop.call_later(self._sweep_s, self._on_sweep)

    def _overdue(self, append: Append) -> BusError:
        sentence = f"no acknowledgement of {append.subject} in {self._ack_s:g} s"
        if append.sent:
            return self._connection.failure(f"{sentence}; whether it was stored is unknown")
        if append.sent_at:
            return Busy(f"{sentence}: the log would not look at it, and it was not stored")
        return self._connection.failure(f"{sentence}; it was not sent")

    def _repeat_if_possible(self, token: int, append: Append) -> None:
        if append.repeatable and self._connection.up:
            self._repeat(token, append)
