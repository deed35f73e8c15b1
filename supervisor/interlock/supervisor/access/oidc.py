"""The file that says whose tokens people may come with, and what the claims in them mean here.

TOML that people write, checked, with one sentence for what is wrong in it. It must not know how a token is
verified.
"""

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationError

from interlock.bus.permissions import PEOPLE, ROLES
from interlock.contracts.errors import MalformedSubject
from interlock.contracts.subjects import token
from interlock.supervisor.access.complaints import TAG, complaint
from interlock.supervisor.access.errors import MalformedSettings

MAX_FILE_BYTES = 1_000_000
MOST_LEEWAY_S = 300

# Signatures that only the issuer can make: never none, and never HS*, whose key both sides hold.
Algorithm = Literal[
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"
]
_ALGORITHMS: tuple[Algorithm, ...] = ("RS256", "PS256", "ES256", "ES384", "EdDSA", "Ed25519")

_STRICT = ConfigDict(extra="forbid", frozen=True)


def _role(name: str) -> str:
    if name not in PEOPLE:
        raise ValueError(f"{name!r} is no role of people: write one of {', '.join(PEOPLE)}")
    return name


def _name(name: str) -> str:
    try:
        return token(name)
    except MalformedSubject as error:
        raise ValueError(str(error)) from error


def _group(name: str) -> str:
    if name in ROLES:
        raise ValueError(f"{name!r} is a role, no group: write it in [roles], or name another group")
    return _name(name)


def _form(value: object) -> str:
    """Tell which of two forms a value has that may be one word, or something larger."""
    return f"{TAG}one" if isinstance(value, str) else f"{TAG}more"


One, More = Tag(f"{TAG}one"), Tag(f"{TAG}more")
# A claim's name; a list of names leads into a claim that is an object.
Claim = Annotated[
    Annotated[str, Field(min_length=1), One] | Annotated[tuple[str, ...], Field(min_length=1), More],
    Discriminator(_form),
]
Role = Annotated[str, AfterValidator(_role)]
Environment = Annotated[str, AfterValidator(_name)]
Group = Annotated[str, AfterValidator(_group)]


class NameClaim(BaseModel):
    """Which claim names the person; of a name that ends with `suffix`, as it must, only the rest is used."""

    model_config = _STRICT

    claim: Claim
    suffix: str = ""


class RolesClaim(BaseModel):
    """Which claim lists groups, roles or scopes, and which role here each of those that count gives."""

    model_config = _STRICT

    claim: Claim
    map: dict[str, Role] = Field(min_length=1)


class GroupsClaim(BaseModel):
    """Which claim lists groups, and for which group here each of those that count may approve."""

    model_config = _STRICT

    claim: Claim
    map: dict[str, Group] = Field(min_length=1)


class EnvironmentClaim(BaseModel):
    """Which claim says in which environment somebody is; exactly one of its values has to be known."""

    model_config = _STRICT

    claim: Claim
    map: dict[str, Environment] = Field(min_length=1)


class EntitlementClaims(BaseModel):
    """Which claims list the tenants, tools and models that somebody may use; `*` in one allows all."""

    model_config = _STRICT

    tenants: Claim | None = None
    tools: Claim | None = None
    models: Claim | None = None


class Oidc(BaseModel):
    """One issuer. `jwks` is a file or an https URL, `ca` a file of certificates that vouch for the latter."""

    model_config = _STRICT

    issuer: Annotated[str, Field(min_length=1)]
    audience: Annotated[str, Field(min_length=1)]
    jwks: Annotated[str, Field(min_length=1)]
    ca: Path | None = None
    algorithms: Annotated[tuple[Algorithm, ...], Field(min_length=1)] = _ALGORITHMS
    leeway_s: Annotated[int, Field(ge=0, le=MOST_LEEWAY_S)] = 30
    environment: Annotated[
        Annotated[Environment, One] | Annotated[EnvironmentClaim, More], Discriminator(_form)
    ] = "development"
    principal: NameClaim
    roles: RolesClaim
    groups: GroupsClaim | None = None
    entitlements: EntitlementClaims = EntitlementClaims()

    @property
    def by_url(self) -> bool:
        """Whether the issuer's keys are fetched."""
        return "://" in self.jwks


_MODELS = (Oidc, NameClaim, RolesClaim, GroupsClaim, EnvironmentClaim, EntitlementClaims)
_KNOWN = {name for model in _MODELS for name in model.model_fields}


def read_oidc(path: Path) -> Oidc:
    """Read the file; relative paths in it start at its folder. Raises MalformedSettings."""
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise MalformedSettings(f"{path} has more than {MAX_FILE_BYTES} bytes: it is no OIDC file")
        table: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
        found = Oidc.model_validate(table)
    except OSError as error:
        raise MalformedSettings(f"{path} cannot be read: {error.strerror}; docs/oidc.md shows one") from error
    except UnicodeDecodeError as error:
        raise MalformedSettings(f"{path}: byte {error.start} is not UTF-8 text; save it as UTF-8") from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise MalformedSettings(f"{path} is not TOML: {error}; docs/oidc.md shows one") from error
    except ValidationError as error:
        raise MalformedSettings(f"{path}: {complaint(error, _KNOWN)}; see docs/oidc.md") from error
    if found.by_url and urlsplit(found.jwks).scheme != "https":
        raise MalformedSettings(f"{path}: jwks: keys are fetched by https only; write https://, or a file")
    here = path.absolute().parent
    changed: dict[str, Any] = {} if found.by_url else {"jwks": str(here / found.jwks)}
    if found.ca is not None:
        changed["ca"] = here / found.ca
    return found.model_copy(update=changed)
