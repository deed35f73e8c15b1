"""JetStream's API as far as the log needs it: requests, answers and error codes as types.

Source: https://docs.nats.io/reference/reference-protocols/nats_api_reference and the server's errors.json.
It must not know what a record means, nor who keeps reading.
"""

from datetime import datetime
from typing import TypeVar

import msgspec

from interlock.bus.errors import (
    BusError,
    Busy,
    LogFull,
    NotPermitted,
    NotTaken,
    Superseded,
    TooLarge,
    Unreachable,
)
from interlock.bus.ports import Record
from interlock.bus.requests import Requests
from interlock.contracts.subjects import STREAM

API_S = 5.0

NO_CONSUMER = 10014
NO_MESSAGE = 10037
NO_STREAM = 10059
_SUPERSEDED = {10071}
# On a replicated stream: the condition's subject, or the message id, is on its way with another message.
_BUSY = {10164, 10158}
_TOO_LARGE = {10054}
# Store failure (limits, disk), account, storage, memory and resource limits.
_FULL = {10077, 10002, 10047, 10028, 10023}

T = TypeVar("T")


class ApiError(msgspec.Struct, frozen=True):
    """The error that JetStream puts into an answer."""

    code: int = 0
    err_code: int = 0
    description: str = ""


class Refusal(BusError):
    """An answer of JetStream's API that none of the bus's own errors describes."""

    def __init__(self, sentence: str, err_code: int) -> None:
        super().__init__(sentence)
        self.err_code = err_code


class PubAck(msgspec.Struct, frozen=True):
    """JetStream's answer to a publish."""

    seq: int = 0
    duplicate: bool = False
    error: ApiError | None = None


class _Failure(msgspec.Struct, frozen=True):
    error: ApiError | None = None


class _State(msgspec.Struct, frozen=True):
    last_seq: int = 0


class _Config(msgspec.Struct, frozen=True):
    num_replicas: int = 1


class StreamInfo(msgspec.Struct, frozen=True):
    """How far the log reaches, and on how many servers each record stands."""

    state: _State
    config: _Config = _Config()

    @property
    def last_seq(self) -> int:
        """The sequence of the newest record (0: empty)."""
        return self.state.last_seq

    @property
    def replicated(self) -> bool:
        """Whether a reader may be served by a server that does not have the newest records yet."""
        return self.config.num_replicas > 1


class _Stored(msgspec.Struct, frozen=True):
    subject: str
    seq: int
    time: str
    data: bytes = b""


class _StoredAnswer(msgspec.Struct, frozen=True):
    message: _Stored


class ConsumerInfo(msgspec.Struct, frozen=True):
    """What a created consumer tells: how many matching records stand before it."""

    name: str
    num_pending: int = 0


class ConsumerConfig(msgspec.Struct, frozen=True):
    """An ephemeral reader without acks, kept in memory by the server; it has one filter or several."""

    name: str
    opt_start_seq: int
    filter_subjects: list[str] | msgspec.UnsetType
    inactive_threshold: int
    filter_subject: str | msgspec.UnsetType = msgspec.UNSET
    deliver_policy: str = "by_start_sequence"
    ack_policy: str = "none"
    mem_storage: bool = True
    num_replicas: int = 1


class ConsumerRequest(msgspec.Struct, frozen=True):
    """The body that creates a consumer."""

    config: ConsumerConfig
    stream_name: str = STREAM


class NextRequest(msgspec.Struct, frozen=True):
    """A standing wish for records; times in ns."""

    batch: int
    max_bytes: int
    expires: int
    idle_heartbeat: int


def error_of(subject: str, error: ApiError) -> BusError:
    """Return the bus's error for JetStream's."""
    if error.err_code in _SUPERSEDED:
        return Superseded(f"somebody else has written to {subject} since ({error.description})")
    if error.err_code in _BUSY:
        return Busy(f"the log would not look at {subject} yet ({error.description}); try again")
    if error.err_code in _TOO_LARGE:
        return TooLarge(f"the record for {subject} is larger than the log takes ({error.description})")
    if error.err_code in _FULL:
        return LogFull(
            f"the log refused a record for {subject}: {error.description}; raise its limit or free disk space"
        )
    return Refusal(f"the log refused {subject}: {error.description} ({error.err_code})", error.err_code)


async def call(requests: Requests, verb: str, body: bytes, answer: type[T], *, timeout_s: float = API_S) -> T:
    """Make one API request and return its answer; raise the error in it as one of the bus's own.

    All that is asked here may be asked twice: it reads, or says how something shall be.
    """
    subject = f"$JS.API.{verb}"
    try:
        message = await requests.ask(subject, body, timeout_s=timeout_s, repeatable=True)
    except NotTaken as silence:
        raise Unreachable(f"JetStream does not answer at {requests.connection.url}: {silence}") from silence
    except NotPermitted:
        if requests.connection.final is not None:
            # The connection itself is refused: what was asked has nothing to do with it.
            raise
        raise NotPermitted(
            f"{requests.connection.principal} may not use {subject}; ask for a role that reads the log"
        ) from None
    failure = msgspec.json.decode(message.data, type=_Failure)
    if failure.error:
        raise error_of(verb, failure.error)
    return msgspec.json.decode(message.data, type=answer)


async def stream_info(requests: Requests) -> StreamInfo:
    """Return what the stream's leader says of it; raise Refusal (NO_STREAM) when there is no stream."""
    return await call(requests, f"STREAM.INFO.{STREAM}", b"", StreamInfo)


async def message(requests: Requests, **query: int | str) -> Record | None:
    """Return one record, or None.

    Asked by `seq`, by `last_by_subj`, or by `seq` with `next_by_subj` (the first one from there on). Asks
    the stream's leader, not a mirror or a follower: what was acknowledged is seen.
    """
    try:
        answer = await call(requests, f"STREAM.MSG.GET.{STREAM}", msgspec.json.encode(query), _StoredAnswer)
    except Refusal as refusal:
        if refusal.err_code == NO_MESSAGE:
            return None
        raise
    stored = answer.message
    time_us = _microseconds(stored.time)
    return Record(stored.seq, time_us // 1000, stored.subject, stored.data, time_us)


async def create_consumer(requests: Requests, config: ConsumerConfig) -> ConsumerInfo:
    """Create an ephemeral consumer; one filter stands in the subject too, where permissions can see it."""
    body = msgspec.json.encode(ConsumerRequest(config))
    seen = f".{config.filter_subject}" if config.filter_subject else ""
    return await call(requests, f"CONSUMER.CREATE.{STREAM}.{config.name}{seen}", body, ConsumerInfo)


async def delete_consumer(requests: Requests, name: str) -> None:
    """See that there is no consumer of that name."""
    try:
        await call(requests, f"CONSUMER.DELETE.{STREAM}.{name}", b"", _Failure)
    except Refusal as refusal:
        if refusal.err_code != NO_CONSUMER:
            raise


def _microseconds(rfc3339: str) -> int:
    moment = datetime.fromisoformat(rfc3339)
    return int(moment.timestamp()) * 1_000_000 + moment.microsecond
