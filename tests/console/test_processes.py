"""Each process gets exactly the environment that it needs, and agents get no key of a model."""

from pathlib import Path

import pytest

from interlock.console.processes import SERVICES, Child, Plan, children
from interlock.console.state import StateFolder

RICH = {
    "PATH": "/bin",
    "HOME": "/home/alice",
    "LANG": "C.UTF-8",
    "OPENAI_API_KEY": "secret-1",
    "ANTHROPIC_API_KEY": "secret-2",
    "AWS_SECRET_ACCESS_KEY": "secret-3",
    "INTERLOCK_STATE": "/elsewhere",
    "PYTHONPATH": "/evil",
}


@pytest.fixture
def started(tmp_path: Path) -> dict[str, Child]:
    keys = {service.name: tmp_path / f"{service.name}.nk" for service in SERVICES}
    plan = Plan(
        state=StateFolder(tmp_path),
        url="nats://127.0.0.1:1",
        docs=(Path("/a"), Path("/b")),
        model="offline/extractive",
        keys=keys,
    )
    return {child.name: child for child in children(plan, RICH)}


def test_only_effects_is_given_keys_of_models(started: dict[str, Child]) -> None:
    for name, child in started.items():
        secrets = [value for value in child.environment.values() if "secret" in value]
        assert sorted(secrets) == (["secret-1", "secret-2"] if name == "effects-1" else [])


def test_an_agent_is_given_nothing_but_path_home_language_and_its_settings(started: dict[str, Child]) -> None:
    assert set(started["planner-1"].environment) == {
        "PATH",
        "HOME",
        "LANG",
        "INTERLOCK_URL",
        "INTERLOCK_PRINCIPAL",
        "INTERLOCK_KEY_FILE",
        "INTERLOCK_LOG",
        "INTERLOCK_PARENT",
    }


def test_each_process_has_a_key_of_its_own(started: dict[str, Child]) -> None:
    assert len({child.environment["INTERLOCK_KEY_FILE"] for child in started.values()}) == len(started)


def test_effects_is_told_the_folders_it_may_read(started: dict[str, Child]) -> None:
    assert started["effects-1"].environment["INTERLOCK_DOCS"] == "/a:/b"


def test_agents_stop_before_effects_and_effects_before_the_supervisor(started: dict[str, Child]) -> None:
    assert started["supervisor-1"].stage < started["effects-1"].stage < started["planner-1"].stage
