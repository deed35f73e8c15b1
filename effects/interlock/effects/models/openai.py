"""Any server that speaks OpenAI's chat completions: one question, a streamed answer, its usage.

Source: https://platform.openai.com/docs/api-reference/chat. It knows nothing of tasks.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

import httpx

from interlock.contracts.effect import ModelCall
from interlock.contracts.message import Json
from interlock.effects.errors import BrokenOff, Refused
from interlock.effects.models import sse
from interlock.effects.models.answer import Answer, OnTokens, cut_off
from interlock.effects.models.billing import Bill
from interlock.effects.models.complaint import said_by
from interlock.effects.models.concessions import conceded
from interlock.effects.models.http import HttpApi, Patience
from interlock.effects.models.structured import json_in, structure_of
from interlock.effects.nodes import as_count, as_list, as_object, as_text
from interlock.effects.prices import PriceList
from interlock.effects.settings import Endpoint

CONCESSIONS_MAX = 4
_OPENAI_HOST = "api.openai.com"


class OpenAiModel:
    """One model of one server."""

    def __init__(
        self, name: str, endpoint: Endpoint, prices: PriceList, patience: Patience | None = None
    ) -> None:
        self._name = name
        self._prices = prices
        self._limit_field = "max_tokens"
        if urlsplit(endpoint.base_url).hostname == _OPENAI_HOST:
            self._limit_field = "max_completion_tokens"
        headers = {"authorization": f"Bearer {endpoint.key}"} if endpoint.key else {}
        self._api = HttpApi("openai", endpoint, headers, patience)

    async def answer(
        self, call: ModelCall, *, max_output_tokens: int, docs: str, on_tokens: OnTokens
    ) -> Answer:
        """Ask, and read the answer as it comes; what this server does not know is left out."""
        del docs
        structure = structure_of(call.returns) if call.returns else None
        body = self._body(call, max_output_tokens)
        for _ in range(CONCESSIONS_MAX):
            try:
                spoken = await self._ask(body, on_tokens)
                break
            except Refused as refusal:
                body = conceded(body, str(refusal), call.returns) or {}
                if not body:
                    raise
        else:
            spoken = await self._ask(body, on_tokens)
        used = spoken.bill.used(self._prices, f"openai/{self._name}")
        if spoken.ended == "length":
            raise cut_off(self._name, max_output_tokens, used)
        if spoken.refusal or spoken.ended == "content_filter":
            raise Refused(f"{self._name} declines: {spoken.refusal[:300] or 'its content filter'}", used=used)
        return Answer(json_in("".join(spoken.text), structure), used)

    async def close(self) -> None:
        """Close the connections."""
        await self._api.close()

    def _body(self, call: ModelCall, max_output_tokens: int) -> Json:
        body: Json = {
            "model": self._name,
            "messages": [{"role": "user", "content": call.prompt}],
            self._limit_field: max_output_tokens,
            "temperature": call.temperature,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if call.returns:
            structure = structure_of(call.returns)
            form = {"name": _form_name(call.purpose), "schema": structure.schema, "strict": structure.strict}
            body["response_format"] = {"type": "json_schema", "json_schema": form}
        return body

    async def _ask(self, body: Json, on_tokens: OnTokens) -> "_Spoken":
        spoken = _Spoken()
        async with self._api.post("/chat/completions", body, self._name) as response:
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
        self.bill = Bill()

    def hear(self, event: Json, part: str, on_tokens: OnTokens) -> None:
        """Take one chunk (`part` delta) or a whole answer (`part` message)."""
        if event.get("error"):
            raise BrokenOff(f"the server of the model broke off: {said_by(event, 200).message}", used=None)
        if usage := as_object(event.get("usage")):
            self.bill = _bill(usage, event)
        choice = as_object(next(iter(as_list(event.get("choices"))), None))
        said = as_object(choice.get(part))
        if content := as_text(said.get("content")):
            self.text.append(content)
            on_tokens(content)
        self.refusal += as_text(said.get("refusal"))
        self.ended = as_text(choice.get("finish_reason")) or self.ended


def _bill(usage: Json, event: Json) -> Bill:
    return Bill(
        input_tokens=as_count(usage.get("prompt_tokens")),
        output_tokens=as_count(usage.get("completion_tokens")),
        told={"model": event.get("model"), "usage": usage},
    )


def _is_stream(response: httpx.Response) -> bool:
    headers: Mapping[str, str] = response.headers
    return headers.get("content-type", "").startswith("text/event-stream")


def _form_name(purpose: str) -> str:
    """Return a name of the form that the API allows: letters, digits, `_` and `-`, at most 64."""
    plain = "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in purpose)
    return plain[:64] or "answer"
