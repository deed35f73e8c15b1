"""Dispatches: one message to one named principal, repeated until that principal answers that it has it.

A dispatch is derived from state elsewhere, so it may be lost or arrive twice; nothing here is stored. The
answer comes on `interlock.taken.<asker>.<answerer>.<token>`, where the server lets only the answerer publish:
nobody can say "taken" in another's name. The answer is a word, and the tokens of other dispatches that it
answers too. It must not know what is dispatched.
"""

import asyncio
import secrets
from collections.abc import Callable
from itertools import count

import msgspec

from interlock.bus.errors import BusError
from interlock.bus.logs import log
from interlock.bus.ports import Message, Subscription, Wire
from interlock.contracts.subjects import ROOT, dispatch_subject

REPEAT_S = 0.25
TIMES = 20
SWEEPS_PER_REPEAT = 2
TAKEN = b"taken"
ALREADY = b"already"
TOKEN_DIGITS = 20
# Another life of the same asker may still get answers: its tokens are others.
MOST_LIVES = 10**12
TOKENS_OF_A_LIFE = 10**6
ANSWERS = f"{ROOT}.taken."

OnLost = Callable[[str, str], None]


class _Open(msgspec.Struct):
    key: str
    principal: str
    data: bytes
    due: float
    times: int = 0


def answer_subject(asker: str, answerer: str, token: str | int) -> str:
    """Return where `answerer` tells `asker` that it has what came with this token."""
    return f"{ANSWERS}{asker}.{answerer}.{token}"


class Dispatcher:
    """The sending side; `on_lost(key, principal)` is called when nobody took a dispatch within the bound.

    While `may_send()` is false everything waits, and no time is lost.
    """

    def __init__(
        self,
        wire: Wire,
        principal: str,
        on_lost: OnLost,
        *,
        repeat_s: float = REPEAT_S,
        times: int = TIMES,
        may_send: Callable[[], bool] = lambda: True,
    ) -> None:
        self._wire = wire
        self._principal = principal
        self._on_lost = on_lost
        self._repeat_s = repeat_s
        self._times = times
        self._may_send = may_send
        self._loop = asyncio.get_running_loop()
        self._tokens = count(1 + secrets.randbelow(MOST_LIVES) * TOKENS_OF_A_LIFE)
        self._open: dict[int, _Open] = {}
        self._token_of: dict[str, int] = {}
        self._sweep: asyncio.TimerHandle | None = None
        self._answers: Subscription | None = None

    @property
    def open_count(self) -> int:
        """How many dispatches nobody has taken yet."""
        return len(self._open)

    async def start(self) -> None:
        """Listen for answers; raise NotPermitted when this principal may not dispatch."""
        self._answers = await self._wire.listen(f"{ANSWERS}{self._principal}.>", self._on_answer)

    async def stop(self) -> None:
        """Send nothing more; what nobody took is forgotten without a call of `on_lost`."""
        self._open.clear()
        self._token_of.clear()
        if self._sweep is not None:
            self._sweep.cancel()
        if self._answers is not None:
            await self._answers.stop()

    def send(self, key: str, principal: str, data: bytes) -> None:
        """Dispatch to a principal under a key; a dispatch still open under the same key is replaced."""
        self.forget(key)
        token = next(self._tokens)
        self._open[token] = _Open(key, principal, data, 0.0)
        self._token_of[key] = token
        self._send(token)
        if self._sweep is None:
            self._sweep = self._loop.call_later(self._repeat_s / SWEEPS_PER_REPEAT, self._on_sweep)

    def forget(self, key: str) -> None:
        """Repeat it no more; a key that is not open is no error."""
        token = self._token_of.pop(key, None)
        if token is not None:
            del self._open[token]

    def _on_answer(self, message: Message) -> None:
        # The server itself may answer that nobody listens; only the two words are an answer of the principal.
        word, *others = message.data.split(b" ")
        if word not in {TAKEN, ALREADY}:
            return
        first = message.subject.rsplit(".", 1)[-1]
        # The word before the token is the server's guarantee of who answers; each may speak for itself only.
        answerer = message.subject.split(".")[-2]
        for token in (first, *(other.decode(errors="replace") for other in others)):
            entry = self._open.get(int(token)) if token.isdecimal() and len(token) < TOKEN_DIGITS else None
            if entry is not None and entry.principal == answerer:
                self.forget(entry.key)

    def _on_sweep(self) -> None:
        self._sweep = None
        now = self._loop.time()
        for token in [token for token, entry in self._open.items() if entry.due <= now]:
            self._send(token)
        if self._open:
            self._sweep = self._loop.call_later(self._repeat_s / SWEEPS_PER_REPEAT, self._on_sweep)

    def _send(self, token: int) -> None:
        entry = self._open.get(token)
        if entry is None or not self._may_send():
            return
        if entry.times >= self._times:
            self.forget(entry.key)
            self._lose(entry)
            return
        entry.times += 1
        entry.due = self._loop.time() + self._repeat_s
        reply = answer_subject(self._principal, entry.principal, token)
        try:
            self._wire.send_soon(dispatch_subject(entry.principal), entry.data, reply=reply)
        except BusError as failure:
            log.warning("dispatch_not_sent", key=entry.key, principal=entry.principal, reason=str(failure))

    def _lose(self, entry: _Open) -> None:
        log.warning("dispatch_lost", key=entry.key, principal=entry.principal, times=entry.times)
        try:
            self._on_lost(entry.key, entry.principal)
        except Exception:
            log.exception("dispatch_lost_handler_failed", key=entry.key)
