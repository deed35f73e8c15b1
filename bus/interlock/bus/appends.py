"""The pipeline of appends: publishes in call order without waiting, and matches the acknowledgements.

What happens to an append that was sent but not answered when the connection breaks:

- with a message id it is published again, and the server drops the second copy;
- with an expected sequence it is published again, and a copy cannot be stored twice; when the answer then
  says "superseded", the record that superseded it is read: identical bytes are our own first copy, and an
  answer of the server that somebody misdirected there (`echoes`) is nobody's: the append is made behind it;
- without either its outcome is unknown, and it fails with Unreachable at once.

Appends made while there is no connection wait, in order, and fail when their time is over: they were not
sent. It knows nothing of readers.
"""

import asyncio
from collections import deque
from itertools import takewhile

import msgspec
import nats.errors
import structlog

from interlock.bus import jetstream
from interlock.bus.append import Append
from interlock.bus.conflicts import examine
from interlock.bus.errors import BusError, LogFull, NotPermitted, Superseded, TooLarge, Unreachable
from interlock.bus.ports import Ack
from interlock.bus.requests import Requests, status_of
from interlock.bus.wired import Wired

WINDOW_BYTES = 16 * 1024 * 1024
MOST_WAITING = 65_536
MOST_MOVES = 16
SWEEPS_PER_ACK = 10

log = structlog.get_logger()

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
        self._open: dict[str, Append] = {}
        self._waiting: deque[str] = deque()
        self._examined: set[Append] = set()
        self._sent = 0
        self._sent_bytes = 0
        self._sweep: asyncio.TimerHandle | None = None

    async def start(self) -> None:
        """Listen for acknowledgements."""
        await self._connection.hear(self._inbox + "*", self._on_ack)
        self._connection.watchers.add(self)

    def soon(
        self, subject: str, data: bytes, expected_subject_seq: int | None, message_id: str
    ) -> asyncio.Future[Ack]:
        """Publish now if the window allows, else as soon as it does; return the future acknowledgement."""
        answer: asyncio.Future[Ack] = self._loop.create_future()
        refusal = self._refusal(subject, len(data) + len(message_id))
        if refusal:
            answer.set_exception(refusal)
            return answer
        due = self._loop.time() + self._ack_s
        self._enter(Append(subject, data, expected_subject_seq, message_id, answer, due))
        return answer

    def _enter(self, append: Append) -> None:
        self._last_token += 1
        token = str(self._last_token)
        self._open[token] = append
        if self._waiting or not self._may_send():
            self._waiting.append(token)
        else:
            self._send(token, append)
        if self._sweep is None:
            self._sweep = self._loop.call_later(self._ack_s / SWEEPS_PER_ACK, self._on_sweep)

    async def drain(self) -> None:
        """Wait until every append has its answer: bounded, since each fails when its time is over."""
        answers = [append.answer for append in (*self._open.values(), *self._examined)]
        if answers and self._connection.up:
            await asyncio.wait(answers, timeout=2 * self._ack_s)
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
                append.repeated = True
                self._publish(token, append)
        self._fill()

    def refused(self, subject: str) -> None:
        """Fail every append on a subject that the server will not take from this principal."""
        for token, append in tuple(self._open.items()):
            if append.subject.lower() == subject:
                sentence = f"{self._connection.principal} may not publish on {append.subject}"
                self._fail(token, NotPermitted(sentence))

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

    def _send(self, token: str, append: Append) -> None:
        append.sent = True
        self._sent += 1
        self._sent_bytes += len(append.data)
        self._publish(token, append)

    def _publish(self, token: str, append: Append) -> None:
        try:
            self._connection.publish(append.subject, append.data, self._inbox + token, append.headers)
        except nats.errors.Error as failure:
            self._loop.call_soon(
                self._fail,
                token,
                BusError(f"{append.subject!r} cannot be published ({failure}); check the subject"),
            )

    def _on_ack(self, message: Wired) -> None:
        append = self._close(message.subject.removeprefix(self._inbox))
        if append is None:
            return
        if not message.data:
            append.settle(self._silence(append, message))
            return
        ack = _decode_ack(message.data)
        if ack.error is None:
            append.settle(Ack(ack.seq, ack.duplicate))
            return
        error = jetstream.error_of(append.subject, ack.error)
        if isinstance(error, Superseded):
            self._connection.errand(self._examine(append, error))
        else:
            append.settle(error)

    def _silence(self, append: Append, message: Wired) -> BusError:
        if status_of(message) == "503":
            return Unreachable(
                f"no log takes {append.subject}: create the stream first, or check the subject"
            )
        return BusError(f"an empty answer to {append.subject}")

    async def _examine(self, append: Append, superseded: Superseded) -> None:
        expected = append.expected_subject_seq or 0
        self._examined.add(append)
        outcome = await examine(
            self._requests, append.subject, append.data, expected, superseded, repeated=append.repeated
        )
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

    def _close(self, token: str) -> Append | None:
        append = self._open.pop(token, None)
        if append is None:
            return None
        if append.sent:
            self._sent -= 1
            self._sent_bytes -= len(append.data)
        if self._waiting:
            self._fill()
        return append

    def _fail(self, token: str, error: BusError) -> None:
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
        for token, append in list(takewhile(lambda entry: entry[1].due <= now, self._open.items())):
            outcome = "whether it was stored is unknown" if append.sent else "it was not sent"
            error = self._connection.failure(
                f"no acknowledgement of {append.subject} in {self._ack_s:g} s; {outcome}"
            )
            self._fail(token, error)
        while self._waiting and self._waiting[0] not in self._open:
            self._waiting.popleft()
        if self._open:
            self._sweep = self._loop.call_later(self._ack_s / SWEEPS_PER_ACK, self._on_sweep)
