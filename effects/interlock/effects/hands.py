"""The effects that this worker has in hand: takes each grant once, carries it out, aborts what is killed.

It decides nothing about whether an effect may happen, except that a killed one may not.
"""

import asyncio
from collections import OrderedDict

import msgspec
import structlog

from interlock.bus.clock import monotonic_ms, now_ms
from interlock.bus.ports import Bus
from interlock.contracts.dispatch import Cancel, DoEffect
from interlock.effects.calls import Calls, NeverAsked
from interlock.effects.ends import Ends
from interlock.effects.errors import Busy, EffectError, NotReserved
from interlock.effects.fences import FLEET, Fences
from interlock.effects.live import Live

REMEMBERED_MAX = 65_536

log = structlog.get_logger()


class InHand(msgspec.Struct):
    """One grant; `stopped` is why it shall not go on. Once it has `ended`, nothing stops it any more."""

    work: DoEffect
    task: asyncio.Task[None] | None = None
    begun: bool = False
    ended: bool = False
    stopped: str = ""


class Hands:
    """At most `capacity` grants at a time; a grant beyond them fails, and may be made again."""

    def __init__(self, bus: Bus, calls: Calls, ends: Ends, capacity: int) -> None:
        self._bus = bus
        self._calls = calls
        self._ends = ends
        self._capacity = capacity
        self._fences = Fences()
        self._in_hand: dict[tuple[int, int], InHand] = {}
        self._known: OrderedDict[tuple[int, int], None] = OrderedDict()

    @property
    def in_hand(self) -> int:
        """How many effects are being carried out."""
        return len(self._in_hand)

    def take(self, work: DoEffect) -> bool:
        """Begin a grant; False for one that was begun before, whatever became of it.

        Raises Busy while the log is away and too many ends wait for it: the grant comes again.
        """
        grant = (work.effect, work.grant)
        if grant in self._known:
            return False
        if self._ends.full:
            raise Busy("the log is away, and the ends of too many effects wait for it")
        self._known[grant] = None
        if len(self._known) > REMEMBERED_MAX:
            self._known.popitem(last=False)
        mine = InHand(work)
        if self._fences.refuses(work.task, monotonic_ms()):
            mine.stopped = "it was granted before a kill"
        full = len(self._in_hand) >= self._capacity
        self._in_hand[grant] = mine
        mine.task = asyncio.get_running_loop().create_task(self._do(mine, full=full))
        return True

    def cancel(self, cancel: Cancel) -> None:
        """Abort one effect, one step or all of a task."""
        for mine in tuple(self._in_hand.values()):
            work = mine.work
            if work.task != cancel.task or cancel.effect not in {0, work.effect}:
                continue
            if cancel.step in {"all", work.step} and cancel.attempt in {0, work.attempt}:
                _abort(mine, cancel.reason or "the supervisor cancelled it")

    def kill(self, scope: int, reason: str) -> None:
        """Abort what is in flight for a task (FLEET: everything), and refuse what was granted before."""
        self._fences.close(scope, monotonic_ms())
        for mine in tuple(self._in_hand.values()):
            if scope in {FLEET, mine.work.task}:
                _abort(mine, reason)

    def resume(self, scope: int) -> None:
        """Let a killed scope begin again."""
        self._fences.open(scope)

    async def stop(self, reason: str) -> None:
        """Abort everything, and wait until the end of each is told."""
        everything = tuple(self._in_hand.values())
        for mine in everything:
            _abort(mine, reason)
        await asyncio.gather(*(mine.task for mine in everything if mine.task), return_exceptions=True)

    async def _do(self, mine: InHand, *, full: bool) -> None:
        work = mine.work
        try:
            if mine.stopped:
                await self._ends.aborted(work, mine.stopped, started=False)
            elif full:
                sentence = f"this worker has {self._capacity} effects in hand, as many as it offered"
                await self._fail(mine, EffectError(sentence), now_ms(), transient=True)
            else:
                mine.begun = True
                await self._carry_out(mine)
        finally:
            self._in_hand.pop((work.effect, work.grant), None)

    async def _carry_out(self, mine: InHand) -> None:
        work = mine.work
        live = Live(self._bus, work.task, work.step)
        started_ms = now_ms()
        try:
            answer = await self._calls.perform(work, live.tell)
        except EffectError as error:
            if isinstance(error, NotReserved) and work.to_count:
                mine.ended = True
                self._ends.counted(work, error.prompt_tokens if error.counted else 0)
            else:
                await self._fail(mine, error, started_ms, transient=error.transient)
        except asyncio.CancelledError as stop:
            mine.ended = True
            started = not isinstance(stop, NeverAsked)
            await self._ends.aborted(work, mine.stopped or "the effect worker ended", started=started)
        except Exception as error:
            log.exception("effect_broke", task=work.task, step=work.step, effect=work.effect)
            sentence = f"the effect worker broke on this call ({type(error).__name__}); its log tells where"
            await self._fail(mine, EffectError(sentence, used=None), started_ms, transient=False)
        else:
            mine.ended = True
            await live.end()
            model = self._calls.model_of(work)
            await self._ends.completed(work, answer, model=model, started_ms=started_ms)

    async def _fail(self, mine: InHand, error: EffectError, started_ms: int, *, transient: bool) -> None:
        mine.ended = True
        work, used = mine.work, error.used
        await self._ends.failed(work, str(error), transient=transient, used=used, started_ms=started_ms)


def _abort(mine: InHand, reason: str) -> None:
    if not mine.stopped and not mine.ended:
        mine.stopped = reason or "it was stopped"
        if mine.begun and mine.task is not None:
            mine.task.cancel()
