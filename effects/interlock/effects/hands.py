"""The effects that this worker has in hand: takes each grant once, carries it out, aborts what is killed.

It decides nothing about whether an effect may happen, except that a killed one may not, none while nobody
who decides is heard, and none to which people had to agree and have not.
"""

import asyncio
from collections import OrderedDict
from typing import Protocol

import msgspec

from interlock.bus.clock import now_ms, now_us
from interlock.bus.errors import NotNow
from interlock.bus.logs import log
from interlock.bus.ports import Bus
from interlock.contracts.dispatch import Cancel, DoEffect
from interlock.contracts.effect import ToolCall
from interlock.contracts.scope import Doing, Scope, covers
from interlock.effects.approvals import Approvals
from interlock.effects.calls import Calls
from interlock.effects.deed import Stopped
from interlock.effects.ends import Ends
from interlock.effects.errors import EffectError, NotReserved, Unapproved, Unsure
from interlock.effects.live import Live

REMEMBERED_MAX = 65_536
_OLDER = "it was granted before a kill"


class Gate(Protocol):
    """What lets a grant begin."""

    def refuses(self, doing: Doing, as_of: int) -> bool:
        """Tell whether it may never begin: it is older than a kill."""
        ...

    def why_not(self, doing: Doing) -> str:
        """Return why it may not begin now, though it may later; empty: it may."""
        ...


class InHand(msgspec.Struct):
    """One grant; `stopped` is why it shall not go on. Once it has `ended`, nothing stops it any more.

    While it is `looking`, it is found out whether people have agreed to it; then nothing has `begun`.
    """

    work: DoEffect
    doing: Doing
    task: asyncio.Task[None] | None = None
    looking: bool = False
    begun: bool = False
    ended: bool = False
    stopped: str = ""


class Hands:
    """At most `capacity` grants at a time; a grant beyond them fails, and may be made again."""

    def __init__(
        self, bus: Bus, calls: Calls, ends: Ends, gate: Gate, approvals: Approvals, capacity: int
    ) -> None:
        self._bus = bus
        self._approvals = approvals
        self._calls = calls
        self._ends = ends
        self._capacity = capacity
        self._gate = gate
        self._in_hand: dict[tuple[int, int], InHand] = {}
        self._known: OrderedDict[tuple[int, int], None] = OrderedDict()

    @property
    def in_hand(self) -> int:
        """How many effects are being carried out."""
        return len(self._in_hand)

    def take(self, work: DoEffect) -> bool:
        """Begin a grant; False for one that was begun before, whatever became of it.

        Raises NotNow for one that may not begin now: the grant comes again.
        """
        grant = (work.effect, work.grant)
        if grant in self._known:
            return False
        if self._ends.full:
            raise NotNow("the log is away, and the ends of too many effects wait for it")
        mine = InHand(work, self._doing(work))
        if self._gate.refuses(mine.doing, work.as_of):
            mine.stopped = _OLDER
        elif why_not := self._gate.why_not(mine.doing):
            raise NotNow(f"effect {work.effect} of task {work.task} does not begin now: {why_not}")
        self._remember(grant)
        full = len(self._in_hand) >= self._capacity
        self._in_hand[grant] = mine
        mine.task = asyncio.get_running_loop().create_task(self._do(mine, full=full))
        return True

    def cancel(self, cancel: Cancel) -> None:
        """Abort one effect, one step or all of a task, or take a grant back."""
        if cancel.grant:
            self._withdraw(cancel)
            return
        for mine in tuple(self._in_hand.values()):
            work = mine.work
            if work.task != cancel.task or cancel.effect not in {0, work.effect}:
                continue
            if cancel.step in {"all", work.step} and cancel.attempt in {0, work.attempt}:
                _abort(mine, cancel.reason or "the supervisor cancelled it")

    def _withdraw(self, cancel: Cancel) -> None:
        """Stop a grant; one that has not come is never begun, and told at once. What has ended is told."""
        grant = (cancel.effect, cancel.grant)
        mine = self._in_hand.get(grant)
        if mine is not None:
            _abort(mine, cancel.reason or "the supervisor took it back")
        elif grant not in self._known:
            self._remember(grant)
            self._ends.withdrawn(cancel)

    def _remember(self, grant: tuple[int, int]) -> None:
        self._known[grant] = None
        if len(self._known) > REMEMBERED_MAX:
            self._known.popitem(last=False)

    def kill(self, scope: Scope, seq: int | None, reason: str) -> None:
        """Abort what is in flight in a scope and older than this record (None: all that is there)."""
        for mine in tuple(self._in_hand.values()):
            if covers(scope, mine.doing) and (seq is None or mine.work.as_of < seq):
                _abort(mine, reason)

    async def stop(self, reason: str) -> None:
        """Abort everything, and wait until the end of each is told."""
        everything = tuple(self._in_hand.values())
        for mine in everything:
            _abort(mine, reason)
        await asyncio.gather(*(mine.task for mine in everything if mine.task), return_exceptions=True)

    def _doing(self, work: DoEffect) -> Doing:
        return Doing(
            task=work.task,
            step=work.step,
            agent=work.agent,
            role=work.role,
            tenant=work.tenant,
            tool=work.call.tool if isinstance(work.call, ToolCall) else "",
            model=self._calls.model_of(work),
        )

    async def _do(self, mine: InHand, *, full: bool) -> None:
        work = mine.work
        try:
            unapproved = None if full else await self._looked_at(mine)
            # Between the grant's arrival and this turn the process may have stood still.
            why_not = mine.stopped or self._gate.why_not(mine.doing)
            if why_not:
                mine.ended = True
                await self._ends.aborted(work, why_not)
            elif full:
                sentence = f"this worker has {self._capacity} effects in hand, as many as it offered"
                await self._fail(mine, EffectError(sentence), now_ms(), transient=True)
            elif unapproved is not None:
                await self._fail(mine, unapproved, now_ms(), transient=False)
            else:
                mine.begun = True
                await self._carry_out(mine)
        finally:
            self._in_hand.pop((work.effect, work.grant), None)

    async def _looked_at(self, mine: InHand) -> Unapproved | None:
        """Return why people have not agreed to it, though they have to; what is stopped meanwhile is told."""
        if mine.stopped or not mine.work.needs:
            return None
        mine.looking = True
        try:
            await self._approvals.verify(mine.work)
        except Unapproved as error:
            return error
        except asyncio.CancelledError:
            if not mine.stopped:
                raise
        finally:
            mine.looking = False
        return None

    async def _carry_out(self, mine: InHand) -> None:
        work = mine.work
        live = Live(self._bus, work.task, work.step)
        started_us = now_us()
        started_ms = started_us // 1_000
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
            await self._aborted(mine, stop, started_us)
        except Exception as error:
            log.exception("effect_broke", task=work.task, step=work.step, effect=work.effect)
            sentence = f"the effect worker broke on this call ({type(error).__name__}); its log tells where"
            await self._fail(mine, EffectError(sentence, used=None), started_ms, transient=False)
        else:
            mine.ended = True
            await live.end()
            model = self._calls.model_of(work)
            await self._ends.completed(work, answer, model=model, started_ms=started_ms)

    async def _aborted(self, mine: InHand, stop: asyncio.CancelledError, started_us: int) -> None:
        """Tell how far it had come; one of which that is not known may have happened."""
        far = stop if isinstance(stop, Stopped) else Stopped(started=True)
        await self._ends.aborted(
            mine.work,
            mine.stopped or "the effect worker ended",
            started_us=started_us if far.started else 0,
            running=far.running,
            doubtful=far.doubtful,
        )

    async def _fail(self, mine: InHand, error: EffectError, started_ms: int, *, transient: bool) -> None:
        mine.ended = True
        work, used = mine.work, error.used
        if isinstance(error, Unsure):
            self._ends.doubtful(work, str(error), used=used, started_ms=started_ms)
            return
        await self._ends.failed(work, str(error), transient=transient, used=used, started_ms=started_ms)


def _abort(mine: InHand, reason: str) -> None:
    if not mine.stopped and not mine.ended:
        mine.stopped = reason or "it was stopped"
        if (mine.begun or mine.looking) and mine.task is not None:
            mine.task.cancel()
