"""The agents and effect workers of a simulation: the real ones, with a scripted mind and a simulated world.

The real station, workbench and journal, the real hands, ends and fences run here; only what an agent thinks
and what the world answers is made up. Names of incarnations follow from the seed.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec

from interlock.agents.context import Context
from interlock.agents.delivery import deliver_or_log
from interlock.agents.handler import Handler
from interlock.agents.station import Station
from interlock.bus.clock import now_ms
from interlock.bus.ports import Bus
from interlock.console.simulation.chance import chance
from interlock.console.simulation.script import Script
from interlock.console.simulation.world import MODELS, TOOLS, World, prompt_count, true_cost
from interlock.contracts.budget import Budget
from interlock.contracts.charter import Charter
from interlock.contracts.dispatch import Cancel, DoEffect
from interlock.contracts.effect import ModelCall
from interlock.contracts.message import decode, encode
from interlock.contracts.presence import AgentHello, EffectHello, ModelOffer, ToolOffer
from interlock.contracts.step import StepStopped
from interlock.contracts.subjects import input_subject
from interlock.effects.calls import Calls
from interlock.effects.errors import Busy, EffectError, NotReserved
from interlock.effects.models.answer import Answer, OnTokens
from interlock.effects.worker import Worker

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
        tools=("search", "write_file"),
        models=("offline/*", "new/*"),
        capacity=capacity,
        deadline_s=DEADLINE_S,
        budget=STEP_BUDGETS.get(role, Budget()),
    )


class SimulatedStation(Station):
    """The real station; its incarnations are counted instead of drawn from chance.

    One that is `stubborn` never confirms that a step has ended which it was told to stop.
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
            return await script.work(given, context)

        self._name_life = name_life
        self._life = ""
        self._pid = pid
        self._stubborn = stubborn
        super().__init__(bus, charter_of_it, Handler(work), asyncio.get_running_loop().time)

    @property
    def life(self) -> str:
        """The life that it says it is in."""
        return self._life

    def take(self, data: bytes) -> bool:
        """Act on a dispatch, and confirm an order to stop one attempt."""
        taken = super().take(data)
        order = _read_cancel(data)
        if order is not None and order.attempt and not self._stubborn:
            stopped = encode(StepStopped(step=order.step, attempt=order.attempt, stopped_us=now_ms() * 1_000))
            subject = input_subject(self._bus.principal, "agent", "stopped", order.task)
            message_id = f"{self._life}.stopped.{order.task}.{order.step}.{order.attempt}"
            self._errand(deliver_or_log(self._bus, subject, stopped, message_id=message_id))
        return taken

    @property
    def _incarnation(self) -> str:
        return self._life

    @_incarnation.setter
    def _incarnation(self, _drawn: str) -> None:
        self._life = self._name_life()

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

    def __init__(self, seed: str, worker: str, world: World) -> None:
        self._seed = seed
        self._worker = worker
        self._world = world

    def models(self) -> tuple[ModelOffer, ...]:
        """Describe the models."""
        return MODELS

    def tools(self) -> tuple[ToolOffer, ...]:
        """Describe the tools."""
        return TOOLS

    def model_of(self, work: DoEffect) -> str:
        """Return the name of the model that a grant means."""
        return work.call.model if isinstance(work.call, ModelCall) else ""

    async def perform(self, work: DoEffect, on_tokens: OnTokens) -> Answer:  # noqa: ARG002 - the real signature
        """Let it happen in the world; sometimes it fails before, sometimes after it has cost something."""
        luck = chance(self._seed, "effect", work.effect, work.grant)
        fate = luck.random()
        await asyncio.sleep(luck.random() * MOST_S / 4)
        if fate < 0.05:
            raise Busy("429: too many requests")
        cost = true_cost(work, luck, self._counted(work))
        loop = asyncio.get_running_loop()
        self._world.execute(work, self._worker, cost, loop.time())
        await asyncio.sleep(luck.random() * (SLOW_S if fate > 0.97 else MOST_S))
        if fate < 0.1 and isinstance(work.call, ModelCall):
            raise EffectError("the answer was cut off", used=cost if fate < 0.08 else None)
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


class SimulatedWorker(Worker):
    """The real effect worker; its incarnations are counted, and what it was told to stop is noted."""

    def __init__(
        self,
        bus: Bus,
        calls: SimulatedCalls,
        capacity: int,
        name_life: Callable[[], str],
        on_cancel: Callable[[str, int], None],
        *,
        pid: int,
    ) -> None:
        self._name_life = name_life
        self._life = ""
        self._on_cancel = on_cancel
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

    def _take(self, data: bytes) -> bool:
        taken = super()._take(data)
        order = _read_cancel(data)
        if order is not None and order.step == "all" and not order.effect:
            self._on_cancel(self._life, order.task)
        return taken


def _read_cancel(data: bytes) -> Cancel | None:
    if b'"do":"cancel"' not in data:
        return None
    return msgspec.json.decode(data, type=Cancel)
