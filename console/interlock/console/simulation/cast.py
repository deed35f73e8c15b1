"""The agents and effect workers of a simulation: the real ones, with a scripted mind and a simulated world.

The real station, workbench and journal, the real hands, ends and fences run here; only what an agent thinks
and what the world answers is made up. Names of incarnations follow from the seed.
"""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import msgspec

from interlock.agents.context import Context
from interlock.agents.handler import Handler
from interlock.agents.station import Station
from interlock.bus.ports import Bus
from interlock.console.simulation.chance import chance
from interlock.console.simulation.hearing import Hearing
from interlock.console.simulation.script import Script
from interlock.console.simulation.world import MODELS, TOOLS, WRITE, World, prompt_count, region_of, true_cost
from interlock.contracts.budget import Budget
from interlock.contracts.charter import Charter
from interlock.contracts.dispatch import Cancel, DoEffect
from interlock.contracts.effect import ModelCall, ToolCall
from interlock.contracts.message import decode, encode
from interlock.contracts.presence import AgentHello, EffectHello, ModelOffer, ToolOffer
from interlock.effects.calls import Calls
from interlock.effects.deed import Stopped
from interlock.effects.errors import Busy, EffectError, NotReserved, Unsure
from interlock.effects.models.answer import Answer, OnTokens
from interlock.effects.worker import Worker

T = TypeVar("T")

_read_order = msgspec.json.Decoder(DoEffect | Cancel).decode

STEP_BUDGETS = {"researcher": Budget(tokens=4_000), "executor": Budget(tool_calls=4)}
DEADLINE_S = 25
MOST_S = 0.8
SLOW_S = 9.0


def charter(role: str, capacity: int) -> Charter:
    """Return the charter of a simulated role."""
    return Charter(
        role=role,
        version="1",
        objective="Work.",
        tools=("search", "write_file", "pay"),
        models=("offline/*", "new/*"),
        capacity=capacity,
        deadline_s=DEADLINE_S,
        budget=STEP_BUDGETS.get(role, Budget()),
    )


class _NamedLife:
    """A process whose incarnations are named in order, whatever it draws."""

    _name_life: Callable[[], str]
    _life = ""

    @property
    def life(self) -> str:
        """The life that it says it is in."""
        return self._life

    @property
    def _incarnation(self) -> str:
        return self._life

    @_incarnation.setter
    def _incarnation(self, _drawn: str) -> None:
        self._life = self._name_life()


class SimulatedStation(_NamedLife, Station):
    """The real station; its incarnations are counted instead of drawn from chance.

    In one that is `stubborn` a step that is cancelled never ends, so that its stop is never confirmed.
    """

    def __init__(
        self,
        bus: Bus,
        charter_of_it: Charter,
        script: Script,
        name_life: Callable[[], str],
        *,
        pid: int,
        stubborn: bool,
    ) -> None:
        async def work(given: dict[str, Any], context: Context) -> dict[str, Any]:
            working = script.work(given, context)
            return await (_or_for_ever(working) if stubborn else working)

        self._name_life = name_life
        self._pid = pid
        super().__init__(bus, charter_of_it, Handler(work), asyncio.get_running_loop().time)

    def _hello(self) -> bytes:
        hello = decode(AgentHello, super()._hello())
        return encode(
            AgentHello(
                incarnation=hello.incarnation,
                charter=hello.charter,
                capacity=hello.capacity,
                pid=self._pid,
            )
        )


class SimulatedCalls(Calls):
    """Carries calls out in the simulated world."""

    def __init__(self, seed: str, worker: str, world: World, hearing: Hearing, *, wary: bool) -> None:
        self._seed = seed
        self._worker = worker
        self._world = world
        self._hearing = hearing
        region = region_of(worker, wary=wary)
        self._offers = tuple(msgspec.structs.replace(offer, region=region) for offer in MODELS)

    def models(self) -> tuple[ModelOffer, ...]:
        """Describe the models."""
        return self._offers

    def tools(self) -> tuple[ToolOffer, ...]:
        """Describe the tools."""
        return TOOLS

    def model_of(self, work: DoEffect) -> str:
        """Return the name of the model that a grant means."""
        return work.call.model if isinstance(work.call, ModelCall) else ""

    async def perform(self, work: DoEffect, on_tokens: OnTokens) -> Answer:  # noqa: ARG002 - the real signature
        """Let it happen in the world; sometimes it fails before, sometimes after it has cost something.

        A write that is cut off, or of which nobody tells what became, may have happened.
        """
        self._hearing.begins(work)
        try:
            return await self._carried_out(work)
        except asyncio.CancelledError as stop:
            raise Stopped(started=True, doubtful=_writes(work)) from stop

    async def _carried_out(self, work: DoEffect) -> Answer:
        luck = chance(self._seed, "effect", work.effect, work.grant)
        fate = luck.random()
        await asyncio.sleep(luck.random() * MOST_S / 4)
        if fate < 0.05:
            raise Busy("429: too many requests")
        cost = true_cost(work, luck, self._counted(work))
        self._hearing.goes_on(work)
        self._world.execute(work, self._worker, cost, asyncio.get_running_loop().time())
        await asyncio.sleep(luck.random() * (SLOW_S if fate > 0.97 else MOST_S))
        self._hearing.goes_on(work)
        if fate < 0.1 and isinstance(work.call, ModelCall):
            raise EffectError("the answer was cut off", used=cost if fate < 0.08 else None)
        if fate < 0.1 and _writes(work):
            raise Unsure("nobody answered", used=cost)
        return Answer(b'"so"', None if fate < 0.12 else cost)

    def _counted(self, work: DoEffect) -> int:
        """Have a prompt counted whose grant asks for it; raises NotReserved when that does not fit."""
        if not work.to_count and not work.counted_tokens:
            return 0
        counted = prompt_count(work, chance(self._seed, "count", work.effect))
        if work.to_count and not 0 < counted <= work.reserved.tokens - work.max_output_tokens:
            raise NotReserved("the prompt is too long", prompt_tokens=counted, counted=counted > 0)
        return counted

    async def close(self) -> None:
        """Hold nothing."""


def _writes(work: DoEffect) -> bool:
    return isinstance(work.call, ToolCall) and work.call.tool == WRITE.tool


class SimulatedWorker(_NamedLife, Worker):
    """The real effect worker; its incarnations are counted, and what it takes and must stop is noted."""

    def __init__(
        self,
        bus: Bus,
        calls: SimulatedCalls,
        capacity: int,
        name_life: Callable[[], str],
        on_cancel: Callable[[str, int], None],
        hearing: Hearing,
        *,
        pid: int,
    ) -> None:
        self._name_life = name_life
        self._on_cancel = on_cancel
        self._hearing = hearing
        super().__init__(bus, calls, capacity)
        self._hello = encode(
            EffectHello(
                incarnation=self._life,
                capacity=capacity,
                models=calls.models(),
                tools=calls.tools(),
                pid=pid,
            )
        )

    def _take(self, data: bytes) -> bool:
        taken = super()._take(data)
        order = _read_order(data)
        if isinstance(order, DoEffect):
            if taken:
                self._hearing.took(order)
        elif order.step == "all" and not order.effect:
            self._on_cancel(self._life, order.task)
        return taken


async def _or_for_ever(working: Coroutine[Any, Any, T]) -> T:
    """Work; when it is cancelled, cling to life and do not end any more."""
    try:
        return await working
    except asyncio.CancelledError:
        while True:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.Event().wait()
