"""The one table of what effect workers can do: providers of models by name, and tools of our own."""

from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

import msgspec

from interlock.effects.models.answer import Model
from interlock.effects.models.overheads import OPENAI_HOST
from interlock.effects.prices import PriceList
from interlock.effects.settings import EffectSettings
from interlock.effects.threads import Threads
from interlock.effects.tools.check_quotes import CHECK_QUOTES
from interlock.effects.tools.read_file import READ_FILE
from interlock.effects.tools.search import SEARCH
from interlock.effects.tools.tool import AnyTool
from interlock.effects.tools.write_file import WRITE_FILE


class Gear(msgspec.Struct, frozen=True):
    """What every model may need."""

    settings: EffectSettings
    prices: PriceList
    threads: Threads


MakeModel = Callable[[str, Gear], Model]


def _offline(_name: str, gear: Gear) -> Model:
    from interlock.effects.models.offline import OfflineModel  # noqa: PLC0415 - loaded by those who use it

    return OfflineModel(gear.settings, gear.threads)


def _openai(name: str, gear: Gear) -> Model:
    from interlock.effects.models.openai import OpenAiModel  # noqa: PLC0415 - httpx needs 140 ms to load

    return OpenAiModel(name, gear.settings.openai, gear.prices)


def _anthropic(name: str, gear: Gear) -> Model:
    from interlock.effects.models.anthropic import AnthropicModel  # noqa: PLC0415 - as above

    return AnthropicModel(name, gear.settings.anthropic, gear.prices)


def _instant(_name: str, _gear: Gear) -> Model:
    from interlock.effects.models.instant import InstantModel  # noqa: PLC0415 - only benchmarks use it

    return InstantModel()


PROVIDERS: Mapping[str, MakeModel] = {
    "offline": _offline,
    "openai": _openai,
    "anthropic": _anthropic,
    "instant": _instant,
}
ONLY_MODELS: Mapping[str, str] = {"offline": "extractive", "instant": "echo"}
"""Providers that have one model."""

BUILT_IN: tuple[AnyTool, ...] = (SEARCH, READ_FILE, CHECK_QUOTES, WRITE_FILE)
"""Tools that every worker has."""


def counts(model: str, settings: EffectSettings) -> bool:
    """Tell whether the prompts of a model can be counted by its provider."""
    provider, _, _ = model.partition("/")
    if provider == "anthropic":
        return bool(settings.anthropic.key)
    return provider == "openai" and urlsplit(settings.openai.base_url).hostname == OPENAI_HOST
