"""How an effect ends for others: a record in the log and, at once, a message to the agent that asked.

It does not know how the effect was done.
"""

import asyncio
from collections.abc import Callable

import msgspec

from interlock.bus.clock import now_ms, now_us
from interlock.bus.errors import BusError
from interlock.bus.logs import log
from interlock.bus.ports import Bus
from interlock.contracts import limits
from interlock.contracts.budget import NOTHING, Amounts
from interlock.contracts.dispatch import Cancel, DoEffect, Outcome
from interlock.contracts.effect import (
    Bill,
    EffectAborted,
    EffectCompleted,
    EffectCounted,
    EffectEnd,
    EffectFailed,
    ToolCall,
)
from interlock.contracts.message import encode
from interlock.contracts.subjects import input_subject, outcome_subject
from interlock.effects.appending import Appending
from interlock.effects.models.answer import Answer

_NULL = msgspec.Raw(b"null")


class Ends:
    """Tells the ends of this worker's effects."""

    def __init__(self, bus: Bus, appending: Appending) -> None:
        self._bus = bus
        self._appending = appending
        self._telling: set[asyncio.Task[None]] = set()

    @property
    def full(self) -> bool:
        """Whether so many ends wait for the log that nothing new should begin."""
        return self._appending.full

    async def completed(self, work: DoEffect, answer: Answer, *, model: str, started_ms: int) -> None:
        """Tell what came of it."""
        end = EffectCompleted(
            effect=work.effect,
            grant=work.grant,
            value=msgspec.Raw(answer.value),
            used=work.reserved if answer.used is None else answer.used,
            bill=answer.bill,
            model=model,
            started_ms=started_ms,
            ended_ms=now_ms(),
        )
        log.debug("effect_completed", task=work.task, step=work.step, effect=work.effect)
        await self._tell(work, "completed", end, _outcome(work, "completed", value=end.value))

    async def failed(
        self, work: DoEffect, message: str, *, transient: bool, used: Amounts | None, started_ms: int
    ) -> None:
        """Tell why nothing came of it, and what it cost nevertheless; None is unknown, and all counts."""
        end = _failure(work, message, transient=transient, used=used, started_ms=started_ms)
        outcome = _outcome(work, "failed", message=end.message, transient=transient)
        await self._tell(work, "failed", end, outcome)

    def doubtful(self, work: DoEffect, message: str, *, used: Amounts | None, started_ms: int) -> None:
        """Tell the log alone that it may have happened or not: its agent waits for what is decided."""
        end = _failure(work, message, transient=False, used=used, started_ms=started_ms)
        self._append("failed", work, encode(msgspec.structs.replace(end, doubtful=True)))

    async def aborted(
        self,
        work: DoEffect,
        reason: str,
        *,
        started_us: int = 0,
        running: bool = False,
        doubtful: bool = False,
    ) -> None:
        """Tell who stopped it; `started_us` is when the call began that may have happened, 0: it never did.

        `running` is whether it cannot be interrupted, and goes on. What is `doubtful` is told to the log
        alone: its agent waits for what is decided.
        """
        line = reason[: limits.MAX_LINE_CHARS]
        log.info("effect_aborted", task=work.task, step=work.step, effect=work.effect, reason=line)
        end = EffectAborted(
            effect=work.effect,
            grant=work.grant,
            started=started_us > 0,
            reason=line,
            used=Amounts(tool_calls=1) if started_us and isinstance(work.call, ToolCall) else NOTHING,
            running=running,
            doubtful=doubtful,
            started_us=started_us,
            ended_us=now_us(),
        )
        if doubtful:
            self._append("aborted", work, encode(end))
        else:
            await self._tell(work, "aborted", end, _outcome(work, "aborted", message=line))

    def withdrawn(self, cancel: Cancel) -> None:
        """Tell the log alone that a grant was taken back before it came: nobody waits for it any more."""
        log.info("effect_withdrawn", task=cancel.task, effect=cancel.effect, reason=cancel.reason)
        reason = cancel.reason or "the supervisor took it back"
        end = EffectAborted(
            effect=cancel.effect, grant=cancel.grant, started=False, reason=reason, ended_us=now_us()
        )
        self._append("aborted", cancel, encode(end))

    def counted(self, work: DoEffect, prompt_tokens: int) -> None:
        """Tell the log alone that a prompt is more than is reserved: its agent waits for what comes of it."""
        log.info("effect_counted", task=work.task, step=work.step, effect=work.effect, tokens=prompt_tokens)
        end = EffectCounted(effect=work.effect, grant=work.grant, prompt_tokens=prompt_tokens)
        self._append("counted", work, encode(end))

    async def _tell(
        self,
        work: DoEffect,
        verb: EffectEnd,
        end: EffectCompleted | EffectFailed | EffectAborted,
        outcome: Outcome,
    ) -> None:
        """Append the end and send the outcome; an outcome may be sent twice, for its agent takes one."""

        def tell_again() -> None:
            telling = asyncio.get_running_loop().create_task(self._send(work, outcome))
            self._telling.add(telling)
            telling.add_done_callback(self._telling.discard)

        self._append(verb, work, encode(end), tell_again)
        await self._send(work, outcome)

    def _append(
        self, verb: str, work: DoEffect | Cancel, data: bytes, on_late: Callable[[], None] | None = None
    ) -> None:
        """Append an end under an id that no other principal can guess, and so take before."""
        subject = input_subject(self._bus.principal, "effect", verb, work.task)
        self._appending.append(subject, data, f"{work.incarnation}.{work.effect}.{work.grant}", on_late)

    async def _send(self, work: DoEffect, outcome: Outcome) -> None:
        if not work.agent:
            return
        try:
            await self._bus.send(outcome_subject(work.agent, self._bus.principal), encode(outcome))
        except BusError as error:
            log.warning("outcome_not_sent", task=work.task, effect=work.effect, reason=str(error))


def _failure(
    work: DoEffect, message: str, *, transient: bool, used: Amounts | None, started_ms: int
) -> EffectFailed:
    line = message[: limits.MAX_LINE_CHARS]
    log.warning("effect_failed", task=work.task, step=work.step, effect=work.effect, reason=line)
    return EffectFailed(
        effect=work.effect,
        grant=work.grant,
        transient=transient,
        message=line,
        used=work.reserved if used is None else used,
        bill=Bill(basis="bound") if used is None else None,
        started_ms=started_ms,
        ended_ms=now_ms(),
    )


def _outcome(
    work: DoEffect,
    end: EffectEnd,
    *,
    value: msgspec.Raw = _NULL,
    message: str = "",
    transient: bool = False,
) -> Outcome:
    return Outcome(
        task=work.task,
        step=work.step,
        key=work.key,
        effect=work.effect,
        end=end,
        value=value,
        message=message,
        transient=transient,
    )
