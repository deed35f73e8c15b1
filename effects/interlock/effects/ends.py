"""How an effect ends for others: a record in the log and, at once, a message to the agent that asked.

It does not know how the effect was done.
"""

import asyncio

import msgspec
import structlog

from interlock.bus.clock import now_ms
from interlock.bus.errors import BusError
from interlock.bus.ports import Bus
from interlock.contracts import limits
from interlock.contracts.budget import NOTHING, Amounts
from interlock.contracts.dispatch import DoEffect, Outcome
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
from interlock.contracts.subjects import dispatch_subject, input_subject
from interlock.effects.appending import Appending
from interlock.effects.models.answer import Answer

_NULL = msgspec.Raw(b"null")

log = structlog.get_logger()


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
        line = message[: limits.MAX_LINE_CHARS]
        log.warning("effect_failed", task=work.task, step=work.step, effect=work.effect, reason=line)
        end = EffectFailed(
            effect=work.effect,
            grant=work.grant,
            transient=transient,
            message=line,
            used=work.reserved if used is None else used,
            bill=Bill(basis="bound") if used is None else None,
            started_ms=started_ms,
            ended_ms=now_ms(),
        )
        await self._tell(work, "failed", end, _outcome(work, "failed", message=line, transient=transient))

    async def aborted(self, work: DoEffect, reason: str, *, started: bool) -> None:
        """Tell who stopped it; `started` is whether the call may have happened."""
        line = reason[: limits.MAX_LINE_CHARS]
        log.info("effect_aborted", task=work.task, step=work.step, effect=work.effect, reason=line)
        used = Amounts(tool_calls=1) if started and isinstance(work.call, ToolCall) else NOTHING
        end = EffectAborted(effect=work.effect, grant=work.grant, started=started, reason=line, used=used)
        await self._tell(work, "aborted", end, _outcome(work, "aborted", message=line))

    def counted(self, work: DoEffect, prompt_tokens: int) -> None:
        """Tell the log alone that a prompt is more than is reserved: its agent waits for what comes of it."""
        log.info("effect_counted", task=work.task, step=work.step, effect=work.effect, tokens=prompt_tokens)
        end = EffectCounted(effect=work.effect, grant=work.grant, prompt_tokens=prompt_tokens)
        subject = input_subject(self._bus.principal, "effect", "counted", work.task)
        self._appending.append(subject, encode(end), f"{work.effect}.{work.grant}")

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

        subject = input_subject(self._bus.principal, "effect", verb, work.task)
        self._appending.append(subject, encode(end), f"{work.effect}.{work.grant}", tell_again)
        await self._send(work, outcome)

    async def _send(self, work: DoEffect, outcome: Outcome) -> None:
        try:
            await self._bus.send(dispatch_subject(work.agent), encode(outcome))
        except BusError as error:
            log.warning("outcome_not_sent", task=work.task, effect=work.effect, reason=str(error))


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
