"""What the environment says to an effect worker, and what it says when that is nonsense."""

from pathlib import Path

import pytest

from interlock.effects.calls import Calls
from interlock.effects.errors import BadSettings, EffectError
from interlock.effects.settings import read_settings


def test_without_any_variable_the_offline_reasoner_works() -> None:
    settings = read_settings({})
    assert settings.models == ("offline/extractive",)
    assert settings.docs == ()
    assert settings.openai.base_url == "https://api.openai.com/v1"


def test_every_variable_is_read() -> None:
    settings = read_settings(
        {
            "INTERLOCK_DOCS": "/srv/a:/srv/b",
            "INTERLOCK_MODEL": "openai/gpt-4o, offline/extractive",
            "OPENAI_BASE_URL": "http://127.0.0.1:8099",
            "OPENAI_API_KEY": "sk-secret",
            "ANTHROPIC_BASE_URL": "https://gateway.example/claude/v1/",
            "INTERLOCK_CAPACITY": "8",
            "INTERLOCK_MODEL_TIMEOUT_S": "300",
        }
    )
    assert settings.docs == (Path("/srv/a"), Path("/srv/b"))
    assert settings.models == ("openai/gpt-4o", "offline/extractive")
    assert settings.openai.base_url == "http://127.0.0.1:8099/v1"
    assert settings.anthropic.base_url == "https://gateway.example/claude/v1"
    assert (settings.capacity, settings.model_timeout_s) == (8, 300)


def test_a_key_is_never_shown() -> None:
    settings = read_settings({"OPENAI_API_KEY": "sk-secret", "ANTHROPIC_API_KEY": "sk-ant"})
    assert settings.openai.key == "sk-secret"
    assert "sk-" not in repr(settings)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("INTERLOCK_MODEL", "gpt-4o"),
        ("INTERLOCK_MODEL", "openai/"),
        ("INTERLOCK_MODEL", "telepathy/direct"),
        ("INTERLOCK_MODEL", "offline/clever"),
        ("OPENAI_BASE_URL", "api.openai.com"),
        ("ANTHROPIC_BASE_URL", "ftp://api"),
        ("INTERLOCK_CAPACITY", "many"),
        ("INTERLOCK_CAPACITY", "0"),
        ("INTERLOCK_MODEL_TIMEOUT_S", "1.5"),
        ("INTERLOCK_PRICES", "/nowhere/prices.toml"),
    ],
)
def test_nonsense_is_refused_with_the_variables_name(variable: str, value: str) -> None:
    with pytest.raises(EffectError, match=variable):
        Calls(read_settings({variable: value}))


def test_an_error_of_settings_is_not_transient() -> None:
    assert not BadSettings("x").transient
