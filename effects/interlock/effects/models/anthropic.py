"""Anthropic's Messages API: one question, a streamed answer, its usage.

An answer with a schema is asked for as the input of a tool that the model must use.
Source: https://docs.anthropic.com/en/api/messages-streaming. It knows nothing of tasks.
"""

from interlock.contracts.budget import Amounts
from interlock.contracts.effect import ModelCall
from interlock.contracts.message import Json
from interlock.effects.errors import BrokenOff, NotAllowed, Refused
from interlock.effects.models import sse
from interlock.effects.models.answer import Answer, OnTokens, cut_off
from interlock.effects.models.billing import Bill
from interlock.effects.models.complaint import said_by
from interlock.effects.models.concessions import conceded
from interlock.effects.models.http import HttpApi, Patience
from interlock.effects.models.structured import json_in, structure_of
from interlock.effects.nodes import as_count, as_object, as_text
from interlock.effects.prices import PriceList
from interlock.effects.settings import Endpoint

API_VERSION = "2023-06-01"
TOOL = "answer"


class AnthropicModel:
    """One Claude model."""

    def __init__(
        self, name: str, endpoint: Endpoint, prices: PriceList, patience: Patience | None = None
    ) -> None:
        self._name = name
        self._endpoint = endpoint
        self._prices = prices
        headers = {"x-api-key": endpoint.key, "anthropic-version": API_VERSION}
        self._api = HttpApi("anthropic", endpoint, headers, patience)

    async def answer(
        self, call: ModelCall, *, max_output_tokens: int, docs: str, on_tokens: OnTokens
    ) -> Answer:
        """Ask, and read the answer as it comes."""
        del docs
        if not self._endpoint.key:
            raise NotAllowed(f"{self._endpoint.key_variable} is not set, and {self._name} needs it")
        body = self._body(call, max_output_tokens)
        try:
            spoken = await self._ask(body, on_tokens)
        except Refused as refusal:
            simpler = conceded(body, str(refusal), call.returns)
            if simpler is None:
                raise
            spoken = await self._ask(simpler, on_tokens)
        used = spoken.used(self._prices, f"anthropic/{self._name}")
        if spoken.ended == "max_tokens":
            raise cut_off(self._name, max_output_tokens, used)
        if spoken.ended == "refusal":
            raise Refused(f"{self._name} declines to answer", used=used)
        structure = structure_of(call.returns) if call.returns else None
        return Answer(json_in("".join(spoken.text), structure), used)

    async def close(self) -> None:
        """Close the connections."""
        await self._api.close()

    def _body(self, call: ModelCall, max_output_tokens: int) -> Json:
        body: Json = {
            "model": self._name,
            "max_tokens": max_output_tokens,
            "temperature": min(call.temperature, 1.0),
            "messages": [{"role": "user", "content": call.prompt}],
            "stream": True,
        }
        if call.returns:
            schema = structure_of(call.returns).schema
            body["tools"] = [{"name": TOOL, "description": "Give your answer.", "input_schema": schema}]
            body["tool_choice"] = {"type": "tool", "name": TOOL}
        return body

    async def _ask(self, body: Json, on_tokens: OnTokens) -> "_Spoken":
        spoken = _Spoken()
        async with self._api.post("/messages", body, self._name) as response:
            async for event in sse.events(response):
                spoken.hear(event, on_tokens)
        if not spoken.ended:
            raise BrokenOff(f"the answer of {self._name} broke off before its end; try again", used=None)
        return spoken


class _Spoken:
    """What has come of an answer so far; `ended` is the server's stop_reason."""

    def __init__(self) -> None:
        self.text: list[str] = []
        self.ended = ""
        self._model = ""
        self._usage: Json = {}

    def hear(self, event: Json, on_tokens: OnTokens) -> None:
        """Take one event of the stream; those of unknown types are passed over, as the API asks."""
        kind = event.get("type")
        if kind == "error":
            raise BrokenOff(f"the server of the model broke off: {said_by(event, 200).message}", used=None)
        if kind == "message_start":
            message = as_object(event.get("message"))
            self._model = as_text(message.get("model"))
            self._usage = self._usage | as_object(message.get("usage"))
        elif kind == "content_block_delta":
            delta = as_object(event.get("delta"))
            if piece := as_text(delta.get("text")) or as_text(delta.get("partial_json")):
                self.text.append(piece)
                on_tokens(piece)
        elif kind == "message_delta":
            self._usage = self._usage | as_object(event.get("usage"))
            self.ended = as_text(as_object(event.get("delta")).get("stop_reason")) or self.ended

    def used(self, prices: PriceList, model: str) -> Amounts | None:
        """Return what the call used, or None when the provider did not say."""
        usage = self._usage
        cached = (usage.get("cache_creation_input_tokens"), usage.get("cache_read_input_tokens"))
        read = as_count(usage.get("input_tokens"))
        bill = Bill(
            input_tokens=None if read is None else read + sum(as_count(tokens) or 0 for tokens in cached),
            output_tokens=as_count(usage.get("output_tokens")),
            told={"model": self._model, "usage": usage},
        )
        return bill.used(prices, model)
