"""How a call is carried out: the model or tool is found, bounded in time and size, and its answer checked.

It does not know the bus; what becomes of an answer is the worker's matter.
"""

import asyncio
from pathlib import Path

from interlock.contracts.budget import NOTHING
from interlock.contracts.dispatch import DoEffect
from interlock.contracts.effect import ModelCall, ToolCall
from interlock.contracts.presence import ModelOffer, ToolOffer
from interlock.effects.deed import Stopped
from interlock.effects.errors import EffectError, NoDocuments, Refused, TooLate, UnknownEffect
from interlock.effects.guards.quotations import concerns, without_false_quotes
from interlock.effects.models.allowance import Allowance
from interlock.effects.models.answer import Answer, Model, OnTokens
from interlock.effects.models.schema import check
from interlock.effects.prices import PriceList
from interlock.effects.registry import ONLY_MODELS, PROVIDERS, Gear, MakeModel, counts
from interlock.effects.settings import EffectSettings
from interlock.effects.threads import Threads
from interlock.effects.toolbox import TOOL_TIMEOUT_S, Toolbox
from interlock.effects.tools.docs import docs_folder

VALUE_BYTES_MAX = 200_000
THREADS = 4
# These answer with data of our own making, and one of them is there to be measured.
_UNCHECKED = ("instant/",)


class Calls:
    """Everything that this worker can do."""

    def __init__(
        self,
        settings: EffectSettings,
        *,
        model_timeout_s: float | None = None,
        tool_timeout_s: float = TOOL_TIMEOUT_S,
    ) -> None:
        """Read prices, load tools, check models; raises BadSettings and UnknownEffect."""
        self._settings = settings
        self._prices = PriceList(settings)
        self._names = tuple(dict.fromkeys((*settings.models, *self._prices.named)))
        for name in self._names:
            _provider(name)
        self._threads = Threads(THREADS)
        self._gear = Gear(settings, self._prices, self._threads)
        self._models: dict[str, Model] = {}
        self._model_timeout_s = model_timeout_s or float(settings.model_timeout_s)
        self._tools = Toolbox(settings, self._threads, tool_timeout_s)

    def models(self) -> tuple[ModelOffer, ...]:
        """Describe the models with their prices, the default first."""
        offers = (self._prices.offer(name, counts=counts(name, self._settings)) for name in self._names)
        return tuple(offers)

    def tools(self) -> tuple[ToolOffer, ...]:
        """Describe the tools."""
        return self._tools.offers()

    def model_of(self, work: DoEffect) -> str:
        """Return the name of the model that a grant means, empty for a tool."""
        return (work.call.model or self._names[0]) if isinstance(work.call, ModelCall) else ""

    async def perform(self, work: DoEffect, on_tokens: OnTokens) -> Answer:
        """Carry out a grant; raises EffectError, with what it has cost, and Stopped when it is cancelled.

        A call over HTTP has closed its connection by then.
        """
        call = work.call
        if isinstance(call, ModelCall):
            answer = await self._ask_model(call, work, on_tokens)
        elif isinstance(call, ToolCall):
            answer = await self._tools.run(call, work)
        else:
            raise UnknownEffect("a question to a person is answered by a person, not by an effect worker")
        if len(answer.value) > VALUE_BYTES_MAX:
            raise Refused(
                f"the answer has {len(answer.value)} bytes, at most {VALUE_BYTES_MAX} travel; ask for less",
                used=answer.used,
            )
        return answer

    async def close(self) -> None:
        """Close the models' connections; what still runs in threads is left behind."""
        for model in self._models.values():
            await model.close()
        self._threads.close()

    async def _ask_model(self, call: ModelCall, work: DoEffect, on_tokens: OnTokens) -> Answer:
        name = call.model or self._names[0]
        model = self._model(name)
        output_tokens = work.max_output_tokens or call.max_output_tokens
        allowance = Allowance.of(work.reserved, output_tokens, work.counted_tokens)
        try:
            async with asyncio.timeout(self._model_timeout_s):
                answer = await model.answer(call, allowance=allowance, docs=work.docs, on_tokens=on_tokens)
        except asyncio.CancelledError as stop:
            raise Stopped(started=allowance.begun, running=allowance.runs) from stop
        except TimeoutError as error:
            raise TooLate(
                f"{name} did not answer within {self._model_timeout_s:g} s; ask for less, or give it longer: "
                "INTERLOCK_MODEL_TIMEOUT_S",
                used=None if allowance.begun else NOTHING,
            ) from error
        if name.startswith(_UNCHECKED):
            return answer
        try:
            return Answer(await self._checked(answer.value, call, work.docs), answer.used, answer.bill)
        except EffectError as error:
            error.used = answer.used
            raise

    async def _checked(self, value: bytes, call: ModelCall, docs: str) -> bytes:
        if call.returns:
            await self._threads.run(lambda: check(value, call.returns))
        if not concerns(value):
            return value
        return await self._threads.run(lambda: without_false_quotes(value, self._folder(docs)))

    def _folder(self, docs: str) -> Path | None:
        try:
            return docs_folder(docs, self._settings.docs)
        except NoDocuments:
            return None

    def _model(self, name: str) -> Model:
        if name not in self._names:
            raise UnknownEffect(f"this worker has no model {name!r}; it has {', '.join(self._names)}")
        if name not in self._models:
            self._models[name] = _provider(name)(name.partition("/")[2], self._gear)
        return self._models[name]


def _provider(name: str) -> MakeModel:
    provider, _, model = name.partition("/")
    if provider not in PROVIDERS:
        raise UnknownEffect(
            f"INTERLOCK_MODEL: {name!r} is of no known provider; there are {', '.join(PROVIDERS)}"
        )
    if model != ONLY_MODELS.get(provider, model):
        raise UnknownEffect(
            f"INTERLOCK_MODEL: {name!r}: the only such model is {provider}/{ONLY_MODELS[provider]}"
        )
    return PROVIDERS[provider]
