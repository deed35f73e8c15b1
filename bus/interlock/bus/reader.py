"""Ordered reading: every matching record once, in order, whatever happens to server and connection.

The server keeps an ephemeral consumer without acknowledgements; this side counts. A hole in the consumer's
own numbering, silence, a lost connection or a vanished consumer end in the same way: a new consumer from the
record after the last one delivered. Where its name is prescribed, it takes the place of the one before.
Records are asked for in bounded portions, again at half, and not while there is no room for more: so a slow
reader holds a bounded number in memory, and nobody drops it. It must not know what a record means.

Source: ordered consumers, https://docs.nats.io/nats-concepts/jetstream/consumers#ordered-consumers.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from interlock.bus import jetstream
from interlock.bus.connection import Hearing
from interlock.bus.errors import BusError
from interlock.bus.logs import log
from interlock.bus.ports import OnRecord, Record
from interlock.bus.requests import Requests, status_of
from interlock.bus.wired import Wired
from interlock.contracts.subjects import STREAM

PORTION = 512
PORTION_BYTES = 8 * 1024 * 1024
HEARTBEAT_S = 2.0
SILENCE_S = 5.0
EXPIRES_S = 30.0
INACTIVE_S = 60.0
RETRY_S = 0.25
NS_PER_S = 1_000_000_000
NS_PER_MS = 1_000_000
NS_PER_US = 1_000

_ACK = "$JS.ACK."
# Ends of one portion that leave the consumer whole; every other 409 means that it is gone.
_HARMLESS = ("exceed", "batch completed")


class Reader:
    """One ordered reading; `pending` is how many matching records stood behind the latest delivery.

    `waits` is whether `on_record` has to be awaited; else it is called as the record is read. More is asked
    for while there is `has_room`; whoever had none calls `more` as soon as there is. With `consumer` the
    reading is of one filter, by a consumer of the name that permissions prescribe.
    """

    def __init__(
        self,
        requests: Requests,
        filters: Sequence[str],
        on_record: OnRecord,
        *,
        start_seq: int = 1,
        waits: bool = True,
        has_room: Callable[[], bool] = lambda: True,
        consumer: str = "",
    ) -> None:
        self.pending = 0
        self._requests = requests
        self._connection = connection = requests.connection
        self._filters = list(filters)
        self._on_record = on_record
        self._waits = waits
        self._has_room = has_room
        self._next_seq = max(start_seq, 1)
        self._inbox = connection.inbox()
        self._name = self._inbox.rsplit(".", 1)[-1]
        self._prescribed = f"{connection.principal}_{consumer}" if consumer else ""
        assert not consumer or len(self._filters) == 1, "a consumer of a prescribed name has one filter"
        self._generation = 0
        self._consumer = ""
        self._portion = ""
        self._delivered = 0
        self._wanted = 0
        self._heard_at = 0.0
        self._handling = False
        self._stopped = False
        self._broken = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._hearing: Hearing | None = None
        self._keeper: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin; raise NotPermitted or Unreachable when the log cannot be read."""
        handle = self._on_message_and_wait if self._waits else self._on_message
        self._hearing = await self._connection.hear(f"{self._inbox}.*", handle)
        try:
            await self._open()
        except BusError:
            self._connection.drop(self._hearing)
            raise
        self._connection.watchers.add(self)
        self._keeper = self._loop.create_task(self._keep())

    async def stop(self) -> None:
        """Deliver nothing more; stopping twice is harmless, also from within the handler."""
        if self._stopped:
            return
        self._stopped = True
        self._connection.watchers.discard(self)
        if self._keeper is not None:
            self._keeper.cancel()
        if self._hearing is not None:
            self._connection.drop(self._hearing)
        self._forget_consumer()

    def more(self) -> None:
        """Ask for the next portion, once half of the last one has come and there is room for it."""
        if self._wanted * 2 <= PORTION and self._connection.up and self._has_room():
            self._heard_at = self._loop.time()
            self._ask()

    def lost(self) -> None:
        """Nothing to do: what was in flight shows as a hole, or is asked for again."""

    def restored(self) -> None:
        """Read on with a new consumer: the old portion was lost with the connection."""
        self._broken.set()

    def refused(self, subject: str) -> None:
        """Nothing to do: the request itself raises."""

    def _forget_consumer(self) -> None:
        if self._consumer and self._connection.up:
            self._connection.publish(f"$JS.API.CONSUMER.DELETE.{STREAM}.{self._consumer}", b"")

    async def _open(self) -> None:
        if self._prescribed:
            await jetstream.delete_consumer(self._requests, self._prescribed)
        else:
            self._forget_consumer()
        self._generation += 1
        self._consumer = self._prescribed or f"{self._name}-{self._generation}"
        self._portion = f"{self._inbox}.{self._generation}"
        self._delivered = 0
        self._wanted = 0
        info = await jetstream.create_consumer(self._requests, self._config())
        self.pending = info.num_pending
        self._heard_at = self._loop.time()
        self.more()

    def _config(self) -> jetstream.ConsumerConfig:
        config = jetstream.ConsumerConfig(
            self._consumer, self._next_seq, self._filters, int(INACTIVE_S * NS_PER_S)
        )
        if not self._prescribed:
            return config
        return msgspec.structs.replace(config, filter_subject=self._filters[0], filter_subjects=msgspec.UNSET)

    def _ask(self) -> None:
        wish = jetstream.NextRequest(
            batch=PORTION - self._wanted,
            max_bytes=PORTION_BYTES,
            expires=int(EXPIRES_S * NS_PER_S),
            idle_heartbeat=int(HEARTBEAT_S * NS_PER_S),
        )
        self._wanted = PORTION
        subject = f"$JS.API.CONSUMER.MSG.NEXT.{STREAM}.{self._consumer}"
        self._connection.publish(subject, msgspec.json.encode(wish), self._portion)

    async def _keep(self) -> None:
        while not self._stopped:
            try:
                async with asyncio.timeout(SILENCE_S / 2):
                    await self._broken.wait()
            except TimeoutError:
                if not self._silent():
                    continue
            await self._reopen()

    def _silent(self) -> bool:
        """Whether the server has said nothing for too long; no silence is it while nobody takes what came."""
        busy = (
            self._handling
            or not self._has_room()
            or (self._hearing is not None and self._hearing.waiting > 0)
        )
        return not busy and self._loop.time() - self._heard_at > SILENCE_S

    async def _reopen(self) -> None:
        while not self._stopped:
            self._broken.clear()
            try:
                await self._open()
            except BusError as failure:
                log.warning("bus_reader_waits", reader=self._name, reason=str(failure))
                await asyncio.sleep(RETRY_S)
                continue
            log.info("bus_reader_resumed", reader=self._name, from_seq=self._next_seq)
            return

    async def _on_message_and_wait(self, message: Wired) -> None:
        self._handling = True
        try:
            handling = self._on_message(message)
            if handling is not None:
                await handling
        except Exception:
            log.exception("bus_handler_failed", seq=self._next_seq - 1, subject=message.subject)
        finally:
            self._handling = False
            self._heard_at = self._loop.time()

    def _on_message(self, message: Wired) -> Awaitable[None] | None:
        if self._stopped:
            return None
        self._heard_at = self._loop.time()
        if message.reply.startswith(_ACK):
            return self._on_delivery(message)
        if message.subject == self._portion:
            self._on_status(message)
        return None

    def _on_delivery(self, message: Wired) -> Awaitable[None] | None:
        words = message.reply.split(".")
        # Nine words, or (with domain and account) eleven and a random one: $JS.ACK.<stream>.<consumer>.
        # <delivered>.<stream seq>.<consumer seq>.<time ns>.<pending>
        at = 3 if len(words) == 9 else 5
        if words[at] != self._consumer:
            return None
        if int(words[at + 3]) != self._delivered + 1:
            self._broken.set()
            return None
        self._delivered += 1
        self._wanted -= 1
        seq = int(words[at + 2])
        self.pending = int(words[at + 5])
        self._next_seq = seq + 1
        time_ns = int(words[at + 4])
        handling = self._on_record(
            Record(seq, time_ns // NS_PER_MS, message.subject, message.data, time_ns // NS_PER_US)
        )
        self.more()
        return handling

    def _on_status(self, message: Wired) -> None:
        status = status_of(message)
        headers = message.headers
        description = headers.get("Description", "").lower()
        if status == "100":
            return
        if status in ("404", "408") or (status == "409" and any(word in description for word in _HARMLESS)):
            left = int(headers.get("Nats-Pending-Messages", self._wanted))
            self._wanted = max(self._wanted - left, 0)
            self.more()
            return
        self._broken.set()
