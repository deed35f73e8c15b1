"""The model that needs no network: the offline reasoner behind the interface of a language model.

It works on the purpose and the inputs of a call, never on its prompt. The same call gets the same answer.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from interlock.contracts.budget import Amounts
from interlock.contracts.effect import Bill, ModelCall
from interlock.contracts.message import Json
from interlock.effects.deed import Deed
from interlock.effects.errors import NoDocuments, Unfit, UnknownEffect
from interlock.effects.models import answering, planning
from interlock.effects.models.allowance import Allowance
from interlock.effects.models.answer import Answer, OnTokens, cut_off
from interlock.effects.models.answering import Library
from interlock.effects.prices import FREE_HERE
from interlock.effects.settings import EffectSettings
from interlock.effects.threads import Threads
from interlock.effects.tools.docs import docs_folder, plainly

BYTES_PER_TOKEN = 4

_PURPOSES: dict[str, tuple[type[Any], Callable[[Any, Library], Json]]] = {
    "plan": (planning.Asked, lambda asked, _: planning.plan(asked)),
    "queries": (answering.Question, lambda asked, _: answering.search_queries(asked)),
    "answer": (answering.Passages, answering.answer),
    "report": (answering.Material, lambda asked, _: answering.report(asked)),
    "review": (answering.Work, lambda asked, _: answering.review(asked)),
}


class OfflineModel:
    """Answers the built-in agents' purposes; raises UnknownEffect for any other."""

    def __init__(self, settings: EffectSettings, threads: Threads) -> None:
        self._settings = settings
        self._threads = threads

    async def answer(
        self, call: ModelCall, *, allowance: Allowance, docs: str, on_tokens: OnTokens
    ) -> Answer:
        """Answer from the call's data, all at once; claims beyond the limit are left out, the last first."""
        del on_tokens
        if call.purpose not in _PURPOSES:
            raise UnknownEffect(
                f"the offline reasoner cannot do {call.purpose!r}, only {', '.join(_PURPOSES)}; "
                "run the task with a language model: --model PROVIDER/NAME"
            )
        if "unfit" in call.inputs:
            raise Unfit(
                f"the offline reasoner has only one answer for {call.purpose!r}, and that did not fit"
            )
        thread = allowance.thread = Deed()
        value = await self._threads.run(lambda: self._think(call, docs), thread)
        read = _read_tokens(call)
        data = within(value, allowance.output_tokens, read)
        bill = Bill(price_source=FREE_HERE, input_tokens=read, output_tokens=_tokens(data))
        return Answer(data, Amounts(tokens=read + _tokens(data), model_calls=1), bill)

    async def count(self, call: ModelCall) -> int | None:
        """Return the tokens of the call's data: it reads nothing else."""
        return _read_tokens(call)

    async def close(self) -> None:
        """Hold nothing."""

    def _think(self, call: ModelCall, docs: str) -> Json:
        kind, purpose = _PURPOSES[call.purpose]
        try:
            asked = msgspec.convert(call.inputs, kind)
        except msgspec.ValidationError as error:
            raise Unfit(
                f"the inputs of a call to {call.purpose!r} are not as they must be: {error}"
            ) from error
        try:
            folder = docs_folder(docs, self._settings.docs)
        except NoDocuments:
            folder = None
        with plainly():
            return purpose(asked, Library(folder, self._settings.cache))


def _tokens(data: bytes) -> int:
    return -(-len(data) // BYTES_PER_TOKEN)


def _read_tokens(call: ModelCall) -> int:
    return _tokens(msgspec.json.encode(call.inputs)) if call.inputs else 0


def within(value: Json, max_output_tokens: int, read_tokens: int = 0) -> bytes:
    """Return an answer as JSON, without its last claims if it is too long; raises CutOff with its cost."""
    data = msgspec.json.encode(value)
    while _tokens(data) > max_output_tokens and len(value.get("claims", ())) > 1:
        value = value | {"claims": value["claims"][:-1]}
        data = msgspec.json.encode(value)
    if _tokens(data) > max_output_tokens:
        used = Amounts(tokens=read_tokens + max_output_tokens, model_calls=1)
        raise cut_off("the offline reasoner", max_output_tokens, used)
    return data
