"""An issuer's public keys: read where they stand, kept for a while, read anew when a token names another.

However many strange tokens come, the issuer is asked at most once in `AGAIN_MS`. It must not know what a
token says.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key, KeySet

from interlock.bus.clock import monotonic_ms
from interlock.bus.logs import log
from interlock.supervisor.access.errors import NoKeys, Unproven

AGAIN_MS = 30_000
FRESH_MS = 900_000
# A key that the issuer has withdrawn is not believed for longer than this.
STALE_MS = 3_600_000
MOST_KEYS = 64

Read = Callable[[], Awaitable[bytes]]


class IssuerKeys:
    """The keys of one issuer; `read` returns its JWKS (RFC 7517) and raises NoKeys."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._keys: dict[str, Key] = {}
        self._read_ms: int | None = None
        self._tried_ms: int | None = None
        self._reading = asyncio.Lock()

    async def named(self, kid: str | None) -> Key:
        """Return the key of that name; without a name the only one. Raises Unproven, or NoKeys."""
        if self._find(kid) is None or self._age_ms() > FRESH_MS:
            await self._refresh(kid)
        if self._age_ms() > STALE_MS:
            raise NoKeys("the issuer's keys cannot be read, and those of before are too old")
        found = self._find(kid)
        if found is None:
            raise Unproven("the token is signed with a key that its issuer does not publish")
        return found

    def _find(self, kid: str | None) -> Key | None:
        if kid is None:
            return next(iter(self._keys.values())) if len(self._keys) == 1 else None
        return self._keys.get(kid)

    def _age_ms(self) -> int:
        return STALE_MS + 1 if self._read_ms is None else monotonic_ms() - self._read_ms

    async def _refresh(self, kid: str | None) -> None:
        async with self._reading:
            now = monotonic_ms()
            if self._tried_ms is not None and now - self._tried_ms < AGAIN_MS:
                return
            self._tried_ms = now
            try:
                self._keys = keys_in(await self._read())
            except NoKeys as failure:
                log.warning("issuer_keys_not_read", reason=str(failure))
                return
            self._read_ms = monotonic_ms()
            log.info("issuer_keys_read", keys=len(self._keys), asked_for=kid)


def read_file(path: Path) -> bytes:
    """Return the bytes of a file of keys; raise NoKeys."""
    try:
        return path.read_bytes()
    except OSError as failure:
        raise NoKeys(f"the keys in {path} cannot be read: {failure.strerror}") from failure


def keys_in(data: bytes) -> dict[str, Key]:
    """Return the keys that sign, by name, none of which both sides hold; raise NoKeys for no set of keys."""
    try:
        found: Any = msgspec.json.decode(data)
        listed = [key for key in found["keys"] if key.get("kty") in {"RSA", "EC", "OKP"}]
        signing = [key for key in listed if key.get("use", "sig") == "sig"][:MOST_KEYS]
        keys = KeySet([key for each in signing if (key := _key(each)) is not None])
    except (msgspec.DecodeError, AttributeError, KeyError, TypeError) as failure:
        raise NoKeys(f"this is no set of keys (RFC 7517): {failure}") from failure
    return {key.kid: key for key in keys if key.kid}


def _key(parts: dict[str, Any]) -> Key | None:
    try:
        return JWKRegistry.import_key(parts)
    except (JoseError, ValueError, TypeError) as failure:
        log.warning("issuer_key_passed_over", kid=parts.get("kid"), reason=str(failure))
        return None
