"""Verifies a person's access token, and says what its claims mean here.

No word of a token is logged, and none is believed before its signature holds. It must not know who is in the
directory. Sources: RFC 7519, RFC 9068, RFC 8725.
"""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from joserfc import jws, jwt
from joserfc.errors import JoseError, SecurityWarning

from interlock.contracts.limits import MAX_OFFERS
from interlock.supervisor.access.admission import TokenProof
from interlock.supervisor.access.claims import as_object, claim, name_in
from interlock.supervisor.access.errors import MalformedSettings, NoKeys, Unproven
from interlock.supervisor.access.issuer_keys import IssuerKeys, keys_in, read_file
from interlock.supervisor.access.oidc import Claim, GroupsClaim, Oidc, RolesClaim

MOST_CHARS = 16_384
MOST_VALUES = 1_024
EVERYTHING = "*"


class Tokens:
    """Believes the tokens of one issuer."""

    def __init__(self, settings: Oidc, keys: IssuerKeys) -> None:
        self._settings = settings
        self._keys = keys
        # Header fields that nobody here knows are passed over, as RFC 7515 wants it; `crit` is obeyed.
        self._registry = jws.JWSRegistry(algorithms=settings.algorithms, strict_check_header=False)

    async def prove(self, token: str, now_ms: int) -> TokenProof:
        """Return who presents this token; raise Unproven when nobody does, NoKeys when nobody can tell."""
        if len(token) > MOST_CHARS:
            raise Unproven(f"the token has more than {MOST_CHARS} characters")
        header = _header(token)
        if header.get("alg") not in self._settings.algorithms:
            raise Unproven("the token is signed in a way that is not accepted here")
        kid = header.get("kid")
        key = await self._keys.named(kid if isinstance(kid, str) else None)
        try:
            with warnings.catch_warnings():
                # The name EdDSA is deprecated (RFC 9864), and what most issuers still write.
                warnings.simplefilter("ignore", SecurityWarning)
                claims = jwt.decode(token, key, registry=self._registry).claims
            self._check(claims, now_ms // 1_000)
        except (JoseError, ValueError, TypeError) as failure:
            raise Unproven(f"the token does not hold: {_reason(failure)}") from failure
        return self._read(claims)

    def _check(self, claims: Mapping[str, Any], now_s: int) -> None:
        jwt.JWTClaimsRegistry(
            now=now_s,
            leeway=self._settings.leeway_s,
            iss={"essential": True, "value": self._settings.issuer},
            aud={"essential": True, "value": self._settings.audience},
            exp={"essential": True},
        ).validate(dict(claims))

    def _read(self, claims: Mapping[str, Any]) -> TokenProof:
        settings, may = self._settings, self._settings.entitlements
        return TokenProof(
            name=self._name(claims),
            roles=_mapped(claims, settings.roles),
            groups=_mapped(claims, settings.groups) if settings.groups else (),
            environment=self._environment(claims),
            expires_s=int(claims["exp"]),
            tenants=_entitled(claims, may.tenants, "tenants"),
            tools=_entitled(claims, may.tools, "tools"),
            models=_entitled(claims, may.models, "models"),
        )

    def _name(self, claims: Mapping[str, Any]) -> str:
        name = name_in(claims, self._settings.principal)
        groups = self._settings.groups
        if groups is not None and name in groups.map.values():
            raise Unproven(f"the token's name cannot be used: {name} is a group, for which it would answer")
        return name

    def _environment(self, claims: Mapping[str, Any]) -> str:
        wanted = self._settings.environment
        if isinstance(wanted, str):
            return wanted
        found = {wanted.map[value] for value in _values(claims, wanted.claim) if value in wanted.map}
        if len(found) != 1:
            raise Unproven("the token does not say in which one environment its person is")
        return found.pop()


def make_tokens(settings: Oidc) -> Tokens:
    """Return what believes the tokens of these settings; raise AccessError for a file that will not do."""
    if settings.by_url:
        # An HTTP client is loaded only where keys are fetched.
        from interlock.supervisor.access.fetching import fetch, trusted  # noqa: PLC0415 - for that reason

        trusted(settings.ca)
        return Tokens(settings, IssuerKeys(lambda: fetch(settings.jwks, settings.ca)))
    path = Path(settings.jwks)
    data = read_file(path)
    try:
        keys_in(data)
    except NoKeys as failure:
        raise MalformedSettings(f"jwks: {path}: {failure}; see docs/oidc.md") from failure
    return Tokens(settings, IssuerKeys(lambda: _read_later(path)))


async def _read_later(path: Path) -> bytes:
    return read_file(path)


def _header(token: str) -> Mapping[str, Any]:
    try:
        header: Any = jws.extract_compact(token.encode()).protected
    except (JoseError, ValueError, TypeError) as failure:
        raise Unproven("this is no signed token") from failure
    return as_object(header)


def _reason(failure: Exception) -> str:
    """Return what is wrong in words that hold nothing of the token itself."""
    return failure.error if isinstance(failure, JoseError) and failure.error else type(failure).__name__


def _values(claims: Mapping[str, Any], path: Claim) -> tuple[str, ...]:
    """Return a claim's values: a list of them, or words with spaces between, as in `scope`."""
    found = claim(claims, path)
    try:
        listed = msgspec.convert(found.split() if isinstance(found, str) else found, list[str])
    except msgspec.ValidationError:
        return ()
    return tuple(listed[:MOST_VALUES])


def _mapped(claims: Mapping[str, Any], wanted: RolesClaim | GroupsClaim) -> tuple[str, ...]:
    """Return what the values of a claim that count mean here, each once."""
    found = [wanted.map.get(value) for value in _values(claims, wanted.claim)]
    return tuple(dict.fromkeys(here for here in found if here))


def _entitled(claims: Mapping[str, Any], path: Claim | None, what: str) -> tuple[str, ...]:
    """Return what a claim restricts somebody to; what it does not say is never taken for everything."""
    if path is None:
        return ()
    values = _values(claims, path)
    if EVERYTHING in values:
        return ()
    if not values or len(values) > MAX_OFFERS or not all(0 < len(value) <= 128 for value in values):
        raise Unproven(f"the token does not say which {what} its person may use")
    return values
