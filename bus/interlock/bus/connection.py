"""One connection to a NATS server: opens it, keeps it open, says when it was lost, restored or refused.

It knows subjects and bytes, and nothing of the log that others build on it. nats-py reconnects by itself
after a broken socket, but ends for good after most `-ERR` lines; then a new client takes over all
subscriptions, so that only `close` ends a connection.
"""

import asyncio
import re
from collections.abc import Coroutine
from typing import Any, Protocol

import nats.errors
from nats.aio.subscription import Subscription
from nats.nuid import NUID

from interlock.bus.client import CutOff, DirectClient
from interlock.bus.credentials import Credentials
from interlock.bus.errors import BusError, NotPermitted, Unreachable
from interlock.bus.logs import log
from interlock.bus.wired import OnWire

OPEN_S = 3.0
FLUSH_S = 5
CONFIRM_S = 5.0
RETRY_S = 0.2
LONGEST_RETRY_S = 2.0
PING_S = 10
# More than the pipeline of appends may have outstanding, so that publishing never has to wait for the socket.
BUFFER_BYTES = 64 * 1024 * 1024
# The server counts headers too, and ends the connection of whoever sends more than it takes.
HEADER_BYTES = 1024
INBOX_PREFIX = "_INBOX_"

_VIOLATION = re.compile(r'permissions violation for (publish|subscription)[^"]* "([^"]+)"')
_REFUSALS = ("authorization violation", "authentication timeout", "authentication revoked")


class Watcher(Protocol):
    """Somebody whose work depends on the connection; all calls are short and synchronous."""

    def lost(self) -> None:
        """React to a break: what was sent and not answered has an unknown outcome."""
        ...

    def restored(self) -> None:
        """React to a connection that stands again, with all its subscriptions."""
        ...

    def refused(self, subject: str) -> None:
        """React to a refused publish; the server names its subject, which arrives here in lower case."""
        ...


class Hearing:
    """One subject that the connection hears, through every reconnection, until it is dropped."""

    def __init__(self, subject: str, handle: OnWire, queue: str) -> None:
        self.subject = subject
        self.handle = handle
        self.queue = queue
        self.subscription: Subscription | None = None

    @property
    def waiting(self) -> int:
        """How many messages have arrived and not been handled yet."""
        return self.subscription.pending_msgs if self.subscription else 0


class Connection:
    """A principal's connection to a server; `url` may name several of a cluster, with commas between them.

    Cut, it goes on trying, each `retry_s`, and when it is refused seldomer each time, until it is admitted
    again or closed.
    """

    def __init__(
        self, principal: str, url: str, credentials: Credentials | None = None, *, retry_s: float = RETRY_S
    ) -> None:
        self.principal = principal
        self.url = url
        self._servers = url.split(",")
        self._retry_s = retry_s
        self.trouble: BusError | None = None
        self.watchers: set[Watcher] = set()
        self._credentials = credentials or Credentials()
        self._client = DirectClient(self._credentials.identity)
        self._options: dict[str, Any] = {}
        self._loop = asyncio.get_running_loop()
        self._up = asyncio.Event()
        self._down = asyncio.Event()
        self._closing = False
        self._opened = False
        self._cut_off = False
        self._refusal: asyncio.Future[None] = self._loop.create_future()
        self._hearings: set[Hearing] = set()
        self._deaf: set[str] = set()
        self._nuid = NUID()
        self._errands: set[asyncio.Task[None]] = set()

    @property
    def up(self) -> bool:
        """Whether what is published now goes to the server at once."""
        return self._up.is_set() and self._client.is_connected

    @property
    def speaks(self) -> bool:
        """Whether what is published now is written at once, though not all may know yet that it stands."""
        return self._client.is_connected

    @property
    def final(self) -> BusError | None:
        """Why nothing that is sent now can succeed: closed, or the key refused; None while there is hope."""
        if self._closing:
            return Unreachable("this connection was closed")
        return self.trouble if isinstance(self.trouble, NotPermitted) else None

    @property
    def max_payload(self) -> int:
        """The most bytes that the server takes in one message, without room for headers."""
        return self._client.max_payload - HEADER_BYTES

    def inbox(self) -> str:
        """Return a fresh subject below this principal's own prefix."""
        return f"{INBOX_PREFIX}{self.principal}.{self._nuid.next().decode()}"

    async def open(self, *, name: str, patience_s: float = 0.0) -> None:
        """Connect; raise NotPermitted when the server refuses, Unreachable when nobody answers.

        A refusal is final after `patience_s`: until then it may be that nobody is there yet who admits. A
        server that ends the connection instead of answering is borne with as long.
        """
        self._options = {
            "error_cb": self._on_error,
            "disconnected_cb": self._on_disconnected,
            "reconnected_cb": self._on_reconnected,
            "closed_cb": self._on_closed,
            "name": name,
            "inbox_prefix": INBOX_PREFIX + self.principal,
            "token": self._credentials.token,
            "tls": self._credentials.tls,
            "connect_timeout": OPEN_S,
            "reconnect_time_wait": self._retry_s,
            "max_reconnect_attempts": -1,
            "ping_interval": PING_S,
            "pending_size": BUFFER_BYTES,
        }
        opening = self._loop.create_task(self._connect())
        try:
            await asyncio.wait({opening, self._refusal}, timeout=OPEN_S, return_when=asyncio.FIRST_COMPLETED)
            if not opening.done() and (self._refusal.done() or self._cut_off):
                await asyncio.wait({opening}, timeout=patience_s)
        except asyncio.CancelledError:
            # Else nats-py would go on trying for ever, with nobody left who could end it.
            self._closing = True
            opening.cancel()
            raise
        if not opening.done() or opening.exception():
            raise await self._give_up(opening)
        self._opened = True
        self._settle()

    async def close(self) -> None:
        """Send what is buffered, bounded in time, then end the connection; closing twice is harmless."""
        if self._closing:
            return
        self._closing = True
        if self.up:
            try:
                await self._flush()
            except nats.errors.Error as failure:
                log.warning("bus_flush_failed", reason=str(failure))
        self._up.clear()
        for errand in self._errands:
            errand.cancel()
        await self._end_client()

    def publish(
        self, subject: str, data: bytes, reply: str = "", headers: dict[str, str] | None = None
    ) -> None:
        """Hand one message over without waiting: no task and no turn of the loop for each message.

        Raises nats.errors.Error for a subject or header that cannot be written.
        """
        self._client.put(subject, data, reply, headers)

    async def hear(self, subject: str, handle: OnWire, *, queue: str = "") -> Hearing:
        """Subscribe; when this returns, the server knows of it. Raise NotPermitted when it refused.

        A coroutine function may wait, and is called for one message after the other; another function is
        called at once, and must not wait for anything. Of those in one queue, each message reaches one.
        """
        await self.wait_up(OPEN_S)
        hearing = Hearing(subject, handle, queue)
        hearing.subscription = await self._client.hear(subject, handle, queue)
        self._hearings.add(hearing)
        try:
            async with asyncio.timeout(CONFIRM_S):
                while not await self._flushed_unbroken():
                    await self.wait_up(CONFIRM_S)
        except (TimeoutError, nats.errors.Error) as failure:
            self.drop(hearing)
            raise Unreachable(f"{self.url} did not confirm a subscription in {CONFIRM_S:g} s") from failure
        if subject.lower() in self._deaf:
            self._deaf.discard(subject.lower())
            self.drop(hearing)
            raise NotPermitted(self._unheard(subject))
        return hearing

    def _unheard(self, subject: str) -> str:
        """Say why a subject is not to be heard; its own inbox everybody may hear, under its own name."""
        if subject.startswith(f"{INBOX_PREFIX}{self.principal}."):
            kind = self._credentials.kind
            return f"{self.url}: {kind} is not {self.principal}'s; speak under the name that it gives"
        return f"{self.principal} may not read {subject}; ask for another role or another key"

    def drop(self, hearing: Hearing) -> None:
        """Stop hearing; a handler that is running ends undisturbed."""
        self._hearings.discard(hearing)
        if hearing.subscription is not None and not self._client.is_closed:
            self.errand(_retire(hearing.subscription))

    def errand(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something beside the connection; `close` ends it."""
        task = self._loop.create_task(work)
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)

    async def wait_up(self, timeout_s: float) -> None:
        """Wait until the connection stands; raise Unreachable (or the refusal) when it does not in time."""
        if self.final is not None:
            raise self.final
        if not self._client.is_connected:
            self._on_loss()
        try:
            async with asyncio.timeout(timeout_s):
                await self._up.wait()
        except TimeoutError:
            raise self.failure("nothing could be sent") from None

    def failure(self, consequence: str) -> BusError:
        """Return why the connection does not carry anything now, and what that meant."""
        if isinstance(self.trouble, NotPermitted):
            return NotPermitted(f"{self.trouble}; {consequence}")
        return Unreachable(f"{self.url} does not answer; {consequence}")

    async def _flush(self) -> None:
        """Wait until the server has processed everything that was handed over.

        Twice, because nats-py writes the ping of a flush ahead of what stands in its buffer.
        """
        await self._client.flush(timeout=FLUSH_S)
        await self._client.flush(timeout=FLUSH_S)

    async def _flushed_unbroken(self) -> bool:
        """Flush; return False when the connection broke meanwhile, for nats-py forgets who waits then."""
        flushing = self._loop.create_task(self._flush())
        breaking = self._loop.create_task(self._down.wait())
        try:
            await asyncio.wait({flushing, breaking}, return_when=asyncio.FIRST_COMPLETED)
            if not flushing.done():
                return False
            flushing.result()
        finally:
            breaking.cancel()
            flushing.cancel()
        return True

    async def _end_client(self) -> None:
        try:
            await self._client.close()
        except (OSError, AttributeError) as failure:
            # The latter is asyncio's word for writing to a TLS connection that has been broken.
            log.debug("bus_close_failed", reason=str(failure))
        except asyncio.CancelledError:
            # nats-py lets a cancellation of its own reconnecting escape here.
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise

    async def _give_up(self, opening: "asyncio.Task[None]") -> BusError:
        cause = opening.exception() if opening.done() else None
        self._closing = True
        if not opening.done():
            opening.cancel()
            await asyncio.gather(opening, return_exceptions=True)
            await self._end_client()
        if isinstance(self.trouble, NotPermitted):
            return self.trouble
        reason = cause or self._client.last_error or "no answer"
        return Unreachable(
            f"no NATS server answers at {self.url} ({reason}); start one, or check the address"
        )

    async def _on_error(self, error: Exception) -> None:
        if self._closing:
            # A cancellation can get lost in a connection attempt that fails in the same moment
            # (asyncio.wait_for in Python 3.11); nats-py would then go on trying for ever.
            raise asyncio.CancelledError
        text = str(error).lower()
        violation = _VIOLATION.search(text)
        if violation:
            self._on_violation(violation[1], violation[2])
        elif any(word in text for word in _REFUSALS):
            self._on_refusal(str(error))
        else:
            log.debug("bus_error", url=self.url, reason=str(error) or type(error).__name__)
        self._cut_off = isinstance(error, CutOff)

    def _on_refusal(self, reason: str) -> None:
        if not isinstance(self.trouble, NotPermitted):
            log.error("bus_refused", url=self.url, principal=self.principal, reason=reason)
        self.trouble = NotPermitted(
            f"{self.url} refuses {self._credentials.kind} of {self.principal}; "
            f"check {self._credentials.doubt}"
        )
        self._pause(min(self._options["reconnect_time_wait"] * 2, LONGEST_RETRY_S))
        if not self._refusal.done():
            self._refusal.set_result(None)

    def _pause(self, retry_s: float) -> None:
        """Set how long nats-py waits before it tries again; it looks there each time."""
        self._options["reconnect_time_wait"] = self._client.options["reconnect_time_wait"] = retry_s

    def _on_violation(self, action: str, subject: str) -> None:
        log.error("bus_not_permitted", principal=self.principal, action=action, subject=subject)
        if action == "subscription":
            self._deaf.add(subject)
            return
        for watcher in tuple(self.watchers):
            watcher.refused(subject)

    async def _on_disconnected(self) -> None:
        """Note the loss; nats-py goes on when this returns, and would try another server in no time."""
        self._on_loss()
        if self._client.is_reconnecting and not self._closing:
            await asyncio.sleep(self._retry_s / 2)

    def _on_loss(self) -> None:
        """Note a loss once: nats-py knows of it a little before it calls back."""
        if not self._up.is_set():
            return
        self._up.clear()
        self._down.set()
        log.warning("bus_lost", url=self.url, principal=self.principal)
        for watcher in tuple(self.watchers):
            watcher.lost()

    async def _on_reconnected(self) -> None:
        if self._closing:
            self.errand(self._end_client())
            return
        self._settle()
        log.info("bus_restored", url=self.url, principal=self.principal)
        for watcher in tuple(self.watchers):
            watcher.restored()

    async def _on_closed(self) -> None:
        if self._opened and not self._closing:
            await self._on_error(self._client.last_error or nats.errors.ConnectionClosedError())
            self.errand(self._replace())

    async def _replace(self) -> None:
        """Go on with a new client, for nats-py has given this one up."""
        self._client = DirectClient(self._credentials.identity)
        await asyncio.sleep(self._options["reconnect_time_wait"])
        await self._connect()
        for hearing in self._hearings:
            hearing.subscription = await self._client.hear(hearing.subject, hearing.handle, hearing.queue)
        await self._on_reconnected()

    async def _connect(self) -> None:
        await self._client.connect(self._servers, **self._options)

    def _settle(self) -> None:
        """Know that the connection stands."""
        self.trouble = None
        self._pause(self._retry_s)
        self._down.clear()
        self._up.set()


async def _retire(subscription: Subscription) -> None:
    try:
        await subscription.drain()  # type: ignore[no-untyped-call]  # nats-py left it so
    except nats.errors.Error as failure:
        log.debug("bus_drain_failed", subject=subscription.subject, reason=str(failure))
