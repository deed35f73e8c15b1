"""One provider's HTTP API: a request is sent, again while the provider is busy, and its answer opened.

A grant reserves for one attempt, so whatever may have been billed is not sent again. Sent again is only what
provably was not: no connection came about, or the provider says that it did not take the request. It does not
know what is asked.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from email.utils import parsedate_to_datetime
from random import Random
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec

from interlock.bus.clock import monotonic_ms, now_ms
from interlock.bus.logs import log
from interlock.contracts.version import DISTRIBUTION
from interlock.effects.errors import BrokenOff, Busy, EffectError, NotAllowed, Refused, Unreachable
from interlock.effects.models.allowance import Allowance
from interlock.effects.models.complaint import Complaint, read_complaint
from interlock.effects.settings import Endpoint

CONNECT_S = 10.0
CONNECTIONS_MAX = 64
# The server says that it did not take the request.
BUSY_STATUSES = frozenset({408, 409, 425, 429, 503, 529})
# It does not know such requests; any other failure of a server may come after the model's work.
UNKNOWN_STATUSES = frozenset({501, 505})
# A 429 that says so is not about the pace: no waiting helps.
_NEVER_CODES = frozenset({"insufficient_quota", "billing_hard_limit_reached"})
# Nothing of the request had reached the server when these were raised.
_NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
    # Where the connection was gone as soon as it stood: anyio then asks uvloop for a socket that is no more.
    AttributeError,
)
# An event of httpcore's: it has a connection, and writes the request to it.
_SENT_FROM_HERE_ON = "http11.send_request_headers.started"
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class Patience(msgspec.Struct, frozen=True):
    """How often a request is sent, and how long is waited between in all."""

    tries: int = 6
    connect_tries: int = 3
    first_pause_s: float = 0.5
    longest_pause_s: float = 20.0
    wait_s: float = 60.0


class HttpApi:
    """A provider at its endpoint; `headers` hold its key."""

    def __init__(
        self, name: str, endpoint: Endpoint, headers: Mapping[str, str], patience: Patience | None = None
    ) -> None:
        self.name = name
        self._endpoint = endpoint
        self._patience = patience or Patience()
        self._chance = Random()  # noqa: S311 - spreads retries, protects nothing
        self._client = httpx.AsyncClient(
            headers={"user-agent": f"interlock/{DISTRIBUTION}", "accept-encoding": "identity", **headers},
            timeout=httpx.Timeout(None, connect=CONNECT_S),
            limits=httpx.Limits(max_connections=CONNECTIONS_MAX),
            trust_env=urlsplit(endpoint.base_url).hostname not in _LOOPBACK,
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    @asynccontextmanager
    async def post(
        self, path: str, body: dict[str, Any], model: str, allowance: Allowance | None = None
    ) -> AsyncGenerator[httpx.Response]:
        """Open the answer to a request; its body is still to be read. `allowance.asked` is kept true to it.

        Raises Unreachable, NotAllowed, Refused (with the provider's words), Busy, BrokenOff.
        """
        waiting = _Waiting(self._patience, self._chance)
        content = msgspec.json.encode(body)
        asked = allowance or Allowance(0, 0, 0)

        async def note(event: str, _about: Any) -> None:
            asked.asked = asked.asked or event == _SENT_FROM_HERE_ON

        while True:
            async with AsyncExitStack() as stack:
                try:
                    request = self._client.stream(
                        "POST",
                        f"{self._endpoint.base_url}{path}",
                        content=content,
                        headers={"content-type": "application/json"},
                        extensions={"trace": note},
                    )
                    response = await stack.enter_async_context(request)
                except (httpx.TransportError, *_NOT_SENT) as error:
                    again: _Again = self._disconnected(error, waiting.tries)
                else:
                    if response.is_success:
                        yield response
                        return
                    again = self._refused(await read_complaint(response), model, response)
            asked.asked = False
            await waiting.pause(again)

    def _disconnected(self, error: Exception, tries: int) -> "_Again":
        url, why = self._endpoint.base_url, str(error) or type(error).__name__
        if isinstance(error, AttributeError):
            why = "the connection was gone as soon as it stood"
        if not isinstance(error, _NOT_SENT):
            raise BrokenOff(
                f"{self.name} at {url} closed the connection before it answered ({why}), and may bill it",
                used=None,
            ) from error
        unreachable = Unreachable(
            f"no model answers at {url} ({why}); start the server there, or correct "
            f"{self._endpoint.url_variable}"
        )
        if tries + 1 >= self._patience.connect_tries:
            raise unreachable from error
        return _Again(unreachable)

    def _refused(self, complaint: Complaint, model: str, response: httpx.Response) -> "_Again":
        status, said = complaint.status, self._unlocked(complaint.message)
        where = f"{self.name} at {self._endpoint.base_url}"
        if status in {401, 403}:
            variable = self._endpoint.key_variable
            advice = f"check {variable}" if self._endpoint.key else f"{variable} is not set"
            raise NotAllowed(f"{where} does not accept the key ({status}): {advice}. It says: {said}")
        if status == 404:
            raise Refused(
                f"{where} has no model {model!r}, or is no such API (404): check the model's name and "
                f"{self._endpoint.url_variable}. It says: {said}"
            )
        if status >= 500 and status not in BUSY_STATUSES | UNKNOWN_STATUSES:
            raise BrokenOff(
                f"{where} failed after it had taken the request ({status}), and may bill it: {said}",
                used=None,
            )
        if status not in BUSY_STATUSES or complaint.code in _NEVER_CODES:
            raise Refused(f"{where} refuses the request ({status}): {said}")
        busy = Busy(f"{where} is busy ({status}): {said}")
        return _Again(busy, _retry_after_s(response.headers))

    def _unlocked(self, text: str) -> str:
        return text.replace(self._endpoint.key, "(the key)") if self._endpoint.key else text


class _Again(msgspec.Struct, frozen=True):
    """Why a request shall be sent again, and after how many seconds at the provider's wish."""

    reason: EffectError
    after_s: float | None = None


class _Waiting:
    """The tries of one request and the pauses between them."""

    def __init__(self, patience: Patience, chance: Random) -> None:
        self._patience = patience
        self._chance = chance
        self._until_ms = monotonic_ms() + patience.wait_s * 1000
        self.tries = 0

    async def pause(self, again: _Again) -> None:
        """Wait before the next try, or raise the reason when there is none."""
        self.tries += 1
        patience = self._patience
        backoff_s = min(patience.first_pause_s * 2 ** (self.tries - 1), patience.longest_pause_s)
        pause_s = again.after_s if again.after_s is not None else backoff_s * self._chance.uniform(0.5, 1.0)
        if self.tries >= patience.tries or monotonic_ms() + pause_s * 1000 > self._until_ms:
            raise again.reason
        log.info("model_asked_again", reason=str(again.reason), tried=self.tries, pause_s=round(pause_s, 3))
        await asyncio.sleep(pause_s)


def _retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Read `retry-after-ms` or `Retry-After` (RFC 9110 §10.2.3: seconds or a date)."""
    for name, unit in (("retry-after-ms", 1000), ("retry-after", 1)):
        try:
            return max(0.0, float(headers[name]) / unit)
        except (KeyError, ValueError):
            continue
    try:
        date = parsedate_to_datetime(headers.get("retry-after", ""))
    except (TypeError, ValueError):
        return None
    return max(0.0, date.timestamp() - now_ms() / 1000)
