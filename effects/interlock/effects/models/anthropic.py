"""Anthropic's Messages API: one question, a streamed answer, its usage.

An answer with a schema is asked for as the input of a tool that the model must use.
Source: https://docs.anthropic.com/en/api/messages-streaming, and for counting
https://docs.anthropic.com/en/docs/build-with-claude/token-counting. It knows nothing of tasks.
"""

from interlock.contracts.effect import ModelCall
from interlock.contracts.message import Json
from interlock.contracts.tokens import schema_tokens, text_tokens
from interlock.effects.errors import BrokenOff, EffectError, NotAllowed, Refused
from interlock.effects.models import sse
from interlock.effects.models.allowance import Allowance
from interlock.effects.models.answer import Answer, OnTokens, cut_off
from interlock.effects.models.billing import anthropic_usage, billed
from interlock.effects.models.complaint import said_by
from interlock.effects.models.concessions import conceded
from interlock.effects.models.http import HttpApi, Patience
from interlock.effects.models.structured import json_in, structure_of
from interlock.effects.nodes import as_count, as_list, as_object, as_text
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
        self._model = f"anthropic/{name}"
        self._endpoint = endpoint
        self._prices = prices
        headers = {"x-api-key": endpoint.key, "anthropic-version": API_VERSION}
        self._api = HttpApi("anthropic", endpoint, headers, patience)

    async def answer(
        self, call: ModelCall, *, allowance: Allowance, docs: str, on_tokens: OnTokens
    ) -> Answer:
        """Ask, and read the answer as it comes."""
        del docs
        if not self._endpoint.key:
            raise NotAllowed(f"{self._endpoint.key_variable} is not set, and {self._name} needs it")
        body = self.request(call, allowance.output_tokens)
        try:
            spoken = await self._ask(body, allowance, on_tokens)
        except Refused as refusal:
            simpler = conceded(body, str(refusal), call.returns)
            if simpler is None:
                raise
            spoken = await self._ask(simpler, allowance, on_tokens)
        cost = billed(self._prices, self._model, anthropic_usage(spoken.usage))
        if spoken.ended == "max_tokens":
            raise cut_off(self._name, allowance.output_tokens, cost.used)
        if spoken.ended == "refusal":
            raise Refused(f"{self._name} declines to answer", used=cost.used)
        structure = structure_of(call.returns) if call.returns else None
        return Answer(json_in("".join(spoken.text), structure), cost.used, cost.bill)

    async def count(self, call: ModelCall) -> int | None:
        """Have the prompt counted; the provider calls its count an estimate that may be off by a little."""
        return await self._count(self.request(call, 1)) if self._endpoint.key else None

    async def close(self) -> None:
        """Close the connections."""
        await self._api.close()

    def request(self, call: ModelCall, max_output_tokens: int) -> Json:
        """Return a call as it is sent."""
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

    def at_most(self, body: Json) -> int:
        """Return the most tokens that the provider can read in a request."""
        said = sum(text_tokens(as_text(message["content"])) for message in body["messages"])
        tools = sum(
            text_tokens(tool["name"] + tool["description"]) + schema_tokens(tool["input_schema"])
            for tool in as_list(body.get("tools"))
        )
        return said + tools + self._prices.template_tokens(self._model)

    async def _count(self, body: Json) -> int | None:
        counted: Json = {
            key: body[key] for key in ("model", "messages", "tools", "tool_choice") if key in body
        }
        try:
            async with self._api.post("/messages/count_tokens", counted, self._name) as response:
                return as_count((await sse.whole(response)).get("input_tokens"))
        except EffectError:
            return None

    async def _ask(self, body: Json, allowance: Allowance, on_tokens: OnTokens) -> "_Spoken":
        await allowance.admit(self._prices, self._model, self.at_most(body), lambda: self._count(body))
        spoken = _Spoken()
        async with self._api.post("/messages", body, self._name, allowance) as response:
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
        self.usage: Json = {}

    def hear(self, event: Json, on_tokens: OnTokens) -> None:
        """Take one event of the stream; those of unknown types are passed over, as the API asks."""
        kind = event.get("type")
        if kind == "error":
            raise BrokenOff(f"the server of the model broke off: {said_by(event, 200).message}", used=None)
        if kind == "message_start":
            self.usage = self.usage | as_object(as_object(event.get("message")).get("usage"))
        elif kind == "content_block_delta":
            delta = as_object(event.get("delta"))
            if piece := as_text(delta.get("text")) or as_text(delta.get("partial_json")):
                self.text.append(piece)
                on_tokens(piece)
        elif kind == "message_delta":
            self.usage = self.usage | as_object(event.get("usage"))
            self.ended = as_text(as_object(event.get("delta")).get("stop_reason")) or self.ended
