"""Fetches an issuer's keys over https: the one file of the supervisor's side that calls the outside world.

Who may come in cannot wait for an effect worker, which itself has to be let in first. It must not know what
keys are.
"""

import ssl
from pathlib import Path

import httpx

from interlock.supervisor.access.errors import NoKeys

MOST_BYTES = 262_144
FETCH_S = 2.0


def trusted(ca: Path | None) -> ssl.SSLContext:
    """Return whom to trust; raise NoKeys for a file of certificates that is none."""
    try:
        return ssl.create_default_context(cafile=ca)
    except OSError as failure:
        reason = failure.strerror or failure
        raise NoKeys(f"ca: {ca} is no file of certificates in PEM: {reason}; see docs/oidc.md") from failure


async def fetch(url: str, ca: Path | None) -> bytes:
    """Return what stands at an https URL; raise NoKeys when it does not come, or is too much.

    `ca` is a file of certificates that vouch for the server; None: those that this machine trusts.
    """
    try:
        trust = trusted(ca)
        async with (
            httpx.AsyncClient(verify=trust, timeout=FETCH_S, trust_env=False) as client,
            client.stream("GET", url) as answer,
        ):
            answer.raise_for_status()
            parts: list[bytes] = []
            async for part in answer.aiter_bytes():
                parts.append(part)
                if sum(map(len, parts)) > MOST_BYTES:
                    raise NoKeys(f"{url} answers with more than {MOST_BYTES} bytes; check the address")
            return b"".join(parts)
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as failure:
        raise NoKeys(f"the keys at {url} cannot be fetched: {failure or type(failure).__name__}") from failure
