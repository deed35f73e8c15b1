"""The in-memory twin of the server: the one log and who listens, in one thread, without any IO.

Everything happens in the order of the calls, so a simulation with the same seed repeats exactly. Time comes
from outside. `carry` is the one seam for an adversary: it is given every unstored delivery and decides
whether, when and how often it arrives. It must not know what the messages mean.
"""

from collections.abc import Callable
from functools import partial

import msgspec

from interlock.bus.errors import BusError, LogFull, Superseded, TooLarge, Unreachable
from interlock.bus.patterns import Matches, literal, matcher
from interlock.bus.ports import Ack, Message, Record
from interlock.contracts.subjects import STORED, STREAM

MAX_PAYLOAD_BYTES = 1024 * 1024 - 1024
DUPLICATES_MS = 120_000
MOST_SUBJECTS_KNOWN = 4_096

Deliver = Callable[[], None]
Carry = Callable[[Message, Deliver], None]

_is_stored = matcher(STORED)


class Capacity(msgspec.Struct, frozen=True):
    """How much the log holds before it refuses."""

    records: int = 10_000_000
    data_bytes: int = 1024**3


class Ear(msgspec.Struct, frozen=True, eq=False):
    """One listener of unstored messages; of those with one `queue`, each message reaches one."""

    pattern: str
    hears: Matches
    deliver: Callable[[Message], None]
    queue: str = ""


class MemoryServer:
    """What all `MemoryBus` connections of one simulation share; `clock` returns ms since some epoch."""

    def __init__(
        self, clock: Callable[[], int], *, capacity: Capacity | None = None, carry: Carry | None = None
    ) -> None:
        self.records: list[Record] = []
        self.carry = carry
        self._clock = clock
        self.capacity = capacity or Capacity()
        self._stored_bytes = 0
        self._last_on: dict[str, int] = {}
        self._message_ids: dict[str, tuple[int, int]] = {}
        self._ears: list[Ear] = []
        self._ears_of: dict[str, list[list[Ear]]] = {}
        self._followers: list[Callable[[], None]] = []
        self._last_inbox = 0

    def append(
        self, message: Message, expected_subject_seq: int | None, message_id: str, expected_on: str = ""
    ) -> Ack:
        """Store one record and tell whoever follows or listens; raise as `ports.Log.append_soon` says.

        Who listens hears also what the log refuses.
        """
        if not _is_stored(message.subject):
            raise Unreachable(
                f"no log takes {message.subject}: create the stream first, or check the subject"
            )
        _check_size(message)
        try:
            return self._store(message, expected_subject_seq, message_id, expected_on or message.subject)
        finally:
            self._pass_on(message)

    def _store(
        self, message: Message, expected_subject_seq: int | None, message_id: str, expected_on: str
    ) -> Ack:
        self._check_condition(message, expected_subject_seq, expected_on)
        known = self._known(message_id)
        if known is not None:
            return Ack(known, duplicate=True)
        self._check_room(message)
        record = Record(len(self.records) + 1, self._clock(), message.subject, message.data)
        self.records.append(record)
        self._stored_bytes += len(message.data)
        self._last_on[message.subject] = record.seq
        if message_id:
            self._message_ids[message_id] = (record.seq, record.time_ms)
        for follower in tuple(self._followers):
            follower()
        return Ack(record.seq)

    def send(self, message: Message) -> bool:
        """Pass a message on, and store it where the log listens; return whether anybody was there for it."""
        _check_size(message)
        if not _is_stored(message.subject):
            return self._pass_on(message)
        answer = self._answer_of_the_log(message)
        if message.reply:
            self._pass_on(Message(message.reply, answer))
        return True

    def listen(self, pattern: str, deliver: Callable[[Message], None], queue: str = "") -> Ear:
        """Deliver what fits the pattern from now on."""
        ear = Ear(pattern, matcher([pattern]), deliver, queue)
        self._ears.append(ear)
        self._forget_who_hears(pattern)
        return ear

    def unlisten(self, ear: Ear) -> None:
        """Deliver nothing more to this listener."""
        if ear in self._ears:
            self._ears.remove(ear)
            self._forget_who_hears(ear.pattern)

    def follow(self, notify: Callable[[], None]) -> None:
        """Call `notify` after each append."""
        self._followers.append(notify)

    def unfollow(self, notify: Callable[[], None]) -> None:
        """Call it no more."""
        if notify in self._followers:
            self._followers.remove(notify)

    def inbox(self, principal: str) -> str:
        """Return a fresh subject."""
        self._last_inbox += 1
        return f"_INBOX_{principal}.{self._last_inbox}"

    def _check_condition(self, message: Message, expected_subject_seq: int | None, expected_on: str) -> None:
        last = self._last_on.get(expected_on, 0)
        if expected_subject_seq is not None and expected_subject_seq != last:
            raise Superseded(
                f"{message.subject} is not written: somebody else has written to {expected_on} since "
                f"(its last record is {last})"
            )

    def _check_room(self, message: Message) -> None:
        full = len(self.records) >= self.capacity.records
        if full or self._stored_bytes + len(message.data) > self.capacity.data_bytes:
            raise LogFull(f"the log refused a record for {message.subject}: it holds no more")

    def _known(self, message_id: str) -> int | None:
        seq, at_ms = self._message_ids.get(message_id, (0, 0))
        return seq if seq and self._clock() - at_ms < DUPLICATES_MS else None

    def _answer_of_the_log(self, message: Message) -> bytes:
        try:
            ack = self.append(message, None, "")
        except BusError as failure:
            return msgspec.json.encode({"error": {"description": str(failure)}, "stream": STREAM, "seq": 0})
        return msgspec.json.encode({"stream": STREAM, "seq": ack.seq})

    def _pass_on(self, message: Message) -> bool:
        groups = self._ears_of.get(message.subject)
        if groups is None:
            if len(self._ears_of) >= MOST_SUBJECTS_KNOWN:
                self._ears_of.clear()
            groups = self._ears_of[message.subject] = self._groups(message.subject)
        for group in groups:
            ear = group[0]
            if len(group) > 1:
                # Each in its turn.
                group.append(group.pop(0))
            if self.carry is None:
                ear.deliver(message)
            else:
                self.carry(message, partial(ear.deliver, message))
        return bool(groups)

    def _forget_who_hears(self, pattern: str) -> None:
        if literal(pattern):
            self._ears_of.pop(pattern, None)
        else:
            self._ears_of.clear()

    def _groups(self, subject: str) -> list[list[Ear]]:
        """Return who hears a subject: everybody alone, and those of one queue together."""
        groups: list[list[Ear]] = []
        queues: dict[str, list[Ear]] = {}
        for ear in [ear for ear in self._ears if ear.hears(subject)]:
            if ear.queue in queues:
                queues[ear.queue].append(ear)
                continue
            groups.append([ear])
            if ear.queue:
                queues[ear.queue] = groups[-1]
        return groups


def _check_size(message: Message) -> None:
    size = len(message.data)
    if size > MAX_PAYLOAD_BYTES:
        raise TooLarge(f"{size} bytes for {message.subject}: one message holds at most {MAX_PAYLOAD_BYTES}")
