"""Any server that speaks OpenAI's chat completions: one question, a streamed answer, its usage.

Source: https://platform.openai.com/docs/api-reference/chat, and for counting
https://developers.openai.com/docs/guides/counting-tokens. It knows nothing of tasks.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

import httpx

from interlock.contracts.effect import ModelCall
from interlock.contracts.message import Json
from interlock.contracts.tokens import schema_tokens, text_tokens
from interlock.effects.errors import BrokenOff, EffectError, Refused
from interlock.effects.models import sse
from interlock.effects.models.allowance import Allowance
from interlock.effects.models.answer import Answer, OnTokens, cut_off
from interlock.effects.models.billing import billed, openai_usage
from interlock.effects.models.complaint import said_by
from interlock.effects.models.concessions import conceded
from interlock.effects.models.http import HttpApi, Patience
from interlock.effects.models.overheads import OPENAI_HOST
from interlock.effects.models.structured import json_in, structure_of
from interlock.effects.nodes import as_count, as_list, as_object, as_text
from interlock.effects.prices import PriceList
from interlock.effects.settings import Endpoint
from interlock.effects.usage import Usage

CONCESSIONS_MAX = 4


class OpenAiModel:
    """One model of one server."""

    def __init__(
        self, name: str, endpoint: Endpoint, prices: PriceList, patience: Patience | None = None
    ) -> None:
        self._name = name
        self._model = f"openai/{name}"
        self._prices = prices
        self._at_openai = urlsplit(endpoint.base_url).hostname == OPENAI_HOST
        headers = {"authorization": f"Bearer {endpoint.key}"} if endpoint.key else {}
        self._api = HttpApi("openai", endpoint, headers, patience)

    async def answer(
        self, call: ModelCall, *, allowance: Allowance, docs: str, on_tokens: OnTokens
    ) -> Answer:
        """Ask, and read the answer as it comes; what this server does not know is left out."""
        del docs
        structure = structure_of(call.returns) if call.returns else None
        body = self.request(call, allowance.output_tokens)
        for _ in range(CONCESSIONS_MAX):
            try:
                spoken = await self._ask(body, allowance, on_tokens)
                break
            except Refused as refusal:
                body = conceded(body, str(refusal), call.returns) or {}
                if not body:
                    raise
        else:
            spoken = await self._ask(body, allowance, on_tokens)
        cost = billed(self._prices, self._model, spoken.usage)
        if spoken.ended == "length":
            raise cut_off(self._name, allowance.output_tokens, cost.used)
        if spoken.refusal or spoken.ended == "content_filter":
            why = spoken.refusal[:300] or "its content filter"
            raise Refused(f"{self._name} declines: {why}", used=cost.used)
        return Answer(json_in("".join(spoken.text), structure), cost.used, cost.bill)

    async def count(self, call: ModelCall) -> int | None:
        """Have the prompt counted as the Responses API would read it; other servers have no such service."""
        return await self._count(self.request(call, 1))

    async def close(self) -> None:
        """Close the connections."""
        await self._api.close()

    def request(self, call: ModelCall, max_output_tokens: int) -> Json:
        """Return a call as it is sent."""
        body: Json = {
            "model": self._name,
            "messages": [{"role": "user", "content": call.prompt}],
            "max_completion_tokens" if self._at_openai else "max_tokens": max_output_tokens,
            "temperature": call.temperature,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if self._at_openai:
            # A project may be set to a dearer tier, and the price reserved is that of this one.
            body["service_tier"] = "default"
        if call.returns:
            structure = structure_of(call.returns)
            form = {"name": _form_name(call.purpose), "schema": structure.schema, "strict": structure.strict}
            body["response_format"] = {"type": "json_schema", "json_schema": form}
        return body

    def at_most(self, body: Json) -> int:
        """Return the most tokens that the server can read in a request."""
        said = sum(text_tokens(as_text(message["content"])) for message in body["messages"])
        form = as_object(as_object(body.get("response_format")).get("json_schema"))
        return said + schema_tokens(as_object(form.get("schema"))) + self._prices.template_tokens(self._model)

    async def _count(self, body: Json) -> int | None:
        if not self._at_openai:
            return None
        asked: Json = {"model": self._name, "input": body["messages"]}
        form = as_object(as_object(body.get("response_format")).get("json_schema"))
        if form:
            asked["text"] = {"format": {"type": "json_schema"} | form}
        try:
            async with self._api.post("/responses/input_tokens", asked, self._name) as response:
                return as_count((await sse.whole(response)).get("input_tokens"))
        except EffectError:
            return None

    async def _ask(self, body: Json, allowance: Allowance, on_tokens: OnTokens) -> "_Spoken":
        await allowance.admit(self._prices, self._model, self.at_most(body), lambda: self._count(body))
        spoken = _Spoken()
        async with self._api.post("/chat/completions", body, self._name, allowance) as response:
            if _is_stream(response):
                async for event in sse.events(response):
                    spoken.hear(event, "delta", on_tokens)
            else:
                spoken.hear(await sse.whole(response), "message", on_tokens)
        if not spoken.ended:
            raise BrokenOff(f"the answer of {self._name} broke off before its end; try again", used=None)
        return spoken


class _Spoken:
    """What has come of an answer so far; `ended` is the server's finish_reason."""

    def __init__(self) -> None:
        self.text: list[str] = []
        self.refusal = ""
        self.ended = ""
        self.usage: Usage | None = None

    def hear(self, event: Json, part: str, on_tokens: OnTokens) -> None:
        """Take one chunk (`part` delta) or a whole answer (`part` message)."""
        if event.get("error"):
            raise BrokenOff(f"the server of the model broke off: {said_by(event, 200).message}", used=None)
        if usage := as_object(event.get("usage")):
            self.usage = openai_usage(usage, event.get("service_tier"))
        choice = as_object(next(iter(as_list(event.get("choices"))), None))
        said = as_object(choice.get(part))
        if content := as_text(said.get("content")):
            self.text.append(content)
            on_tokens(content)
        self.refusal += as_text(said.get("refusal"))
        self.ended = as_text(choice.get("finish_reason")) or self.ended


def _is_stream(response: httpx.Response) -> bool:
    headers: Mapping[str, str] = response.headers
    return headers.get("content-type", "").startswith("text/event-stream")


def _form_name(purpose: str) -> str:
    """Return a name of the form that the API allows: letters, digits, `_` and `-`, at most 64."""
    plain = "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in purpose)
    return plain[:64] or "answer"
