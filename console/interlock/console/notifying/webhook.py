"""Calls a webhook over HTTP: the one file of the console's side that calls the outside world.

Who tells people must not wait for an effect worker, and may run where none is. It must not know what a notice
says.
"""

import ssl
from collections.abc import Mapping

import httpx

from interlock.console.notifying.errors import NotDelivered, Unwanted
from interlock.console.notifying.silence import silence
from interlock.contracts.version import DISTRIBUTION

_AGAIN = frozenset({408, 425, 429})
_AGENT = f"interlock/{DISTRIBUTION}"


class Hook:
    """One address; `ca` is a file of certificates that vouch for it (None: those that this machine trusts).

    Raises ValueError for an address that is none, OSError for certificates that cannot be read.
    """

    def __init__(self, url: str, ca: str | None = None) -> None:
        try:
            self._url = httpx.URL(url)
        except httpx.InvalidURL as failure:
            raise ValueError("url is no address") from failure
        trust = ssl.create_default_context(cafile=ca)
        self._client = httpx.AsyncClient(
            verify=trust,
            follow_redirects=False,
            timeout=None,  # noqa: S113 - how long an attempt may take, whoever delivers says
        )

    async def post(self, body: bytes, headers: Mapping[str, str]) -> None:
        """Send a body as JSON; raises NotDelivered, or Unwanted when it makes no sense to try again."""
        told = {**headers, "content-type": "application/json", "user-agent": _AGENT}
        try:
            async with self._client.stream("POST", self._url, content=body, headers=told) as answer:
                _check(answer)
        # The last where the connection was gone as soon as it stood: uvloop then has no socket to describe.
        except (httpx.HTTPError, OSError, AttributeError) as failure:
            raise NotDelivered(silence(failure)) from None

    async def close(self) -> None:
        """Let go of what is open."""
        await self._client.aclose()


def _check(answer: httpx.Response) -> None:
    code = answer.status_code
    if answer.is_success:
        return
    if code >= 500 or code in _AGAIN:
        wait = answer.headers.get("retry-after", "")
        raise NotDelivered(f"answered {code}", after_s=float(wait) if wait.isdecimal() else 0.0)
    if answer.is_redirect:
        raise Unwanted(f"answered {code}: it has moved; write the new address")
    raise Unwanted(f"answered {code}")
