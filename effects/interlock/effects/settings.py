"""What an effect worker is given by its environment; the only place that reads it, keys among it."""

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from interlock.contracts import limits
from interlock.effects.errors import BadSettings

OPENAI_URL = "https://api.openai.com/v1"
ANTHROPIC_URL = "https://api.anthropic.com/v1"
DEFAULT_MODEL = "offline/extractive"
DEFAULT_CAPACITY = 256
MODEL_TIMEOUT_S = 120
TIMEOUT_S_MAX = 3_600


class Endpoint(msgspec.Struct, frozen=True):
    """Where a provider answers, the variables in which that and its key stand, and the key."""

    base_url: str
    url_variable: str
    key_variable: str
    key: str = ""

    def __repr__(self) -> str:
        """Describe the endpoint without its key: what is logged must not hold one."""
        return f"Endpoint({self.base_url!r}, {self.key_variable})"


class EffectSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`docs` are the folders that may be read, `workspaces` the one below which may be written.

    The first of `models` is the default; `cache` holds indexes; `prices` is a TOML file of own prices. A
    model on one's own machine may need a longer `model_timeout_s`. `tools` names modules with tools from
    outside, each alone or with one of its tools: MODULE[:NAME].
    """

    docs: tuple[Path, ...] = ()
    workspaces: Path
    cache: Path
    models: tuple[str, ...] = (DEFAULT_MODEL,)
    openai: Endpoint = Endpoint(OPENAI_URL, "OPENAI_BASE_URL", "OPENAI_API_KEY")
    anthropic: Endpoint = Endpoint(ANTHROPIC_URL, "ANTHROPIC_BASE_URL", "ANTHROPIC_API_KEY")
    prices: Path | None = None
    tools: tuple[str, ...] = ()
    capacity: int = DEFAULT_CAPACITY
    model_timeout_s: int = MODEL_TIMEOUT_S


def read_settings(environment: Mapping[str, str]) -> EffectSettings:
    """Read the settings; raises BadSettings that names the variable."""
    state = Path(environment.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "interlock"
    docs = environment.get("INTERLOCK_DOCS", "")
    prices = environment.get("INTERLOCK_PRICES", "")
    return EffectSettings(
        docs=tuple(Path(root) for root in docs.split(os.pathsep) if root),
        workspaces=Path(environment.get("INTERLOCK_WORKSPACES") or state / "workspaces"),
        cache=Path(environment.get("INTERLOCK_CACHE") or state / "cache"),
        models=_models(environment.get("INTERLOCK_MODEL") or DEFAULT_MODEL),
        openai=_endpoint(environment, "OPENAI", OPENAI_URL),
        anthropic=_endpoint(environment, "ANTHROPIC", ANTHROPIC_URL),
        prices=Path(prices) if prices else None,
        tools=_listed(environment.get("INTERLOCK_TOOLS", "")),
        capacity=_number(environment, "INTERLOCK_CAPACITY", DEFAULT_CAPACITY, limits.MAX_CAPACITY),
        model_timeout_s=_number(environment, "INTERLOCK_MODEL_TIMEOUT_S", MODEL_TIMEOUT_S, TIMEOUT_S_MAX),
    )


def _models(text: str) -> tuple[str, ...]:
    names = _listed(text)
    for name in names:
        provider, _, model = name.partition("/")
        if not provider or not model:
            raise BadSettings(f"INTERLOCK_MODEL: {name!r} is not PROVIDER/NAME, such as {DEFAULT_MODEL}")
    return names or (DEFAULT_MODEL,)


def _listed(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))


def _endpoint(environment: Mapping[str, str], name: str, default_url: str) -> Endpoint:
    """Read one provider's address; one without a path gets `/v1`, which all such servers use."""
    url = (environment.get(f"{name}_BASE_URL") or default_url).strip().rstrip("/")
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in ("http", "https") or not rest:
        raise BadSettings(f"{name}_BASE_URL: {url!r} is not an address; write it as {default_url}")
    return Endpoint(
        base_url=url if "/" in rest else f"{url}/v1",
        url_variable=f"{name}_BASE_URL",
        key_variable=f"{name}_API_KEY",
        key=environment.get(f"{name}_API_KEY", "").strip(),
    )


def _number(environment: Mapping[str, str], name: str, default: int, most: int) -> int:
    text = environment.get(name, "")
    if not text:
        return default
    if not text.isdecimal() or not 1 <= int(text) <= most:
        raise BadSettings(f"{name}: {text!r} is not a number from 1 to {most}")
    return int(text)
