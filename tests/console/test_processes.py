"""Each process gets exactly the environment that it needs, and agents get no key of a model."""

from pathlib import Path

import msgspec
import pytest

from interlock.console.processes import GUARD, NOTIFIER, SERVICES, Plan, Service, children, guard
from interlock.console.state import StateFolder
from interlock.supervisor.guard.plan import Child

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
def plan(tmp_path: Path) -> Plan:
    names = (GUARD, *(service.name for service in SERVICES))
    keys = {name: tmp_path / f"{name}.nk" for name in names}
    return Plan(
        state=StateFolder(tmp_path),
        url="nats://127.0.0.1:1",
        docs=(Path("/a"), Path("/b")),
        model="offline/extractive",
        keys=keys,
    )


@pytest.fixture
def started(plan: Plan) -> dict[str, Child]:
    return {child.name: child for child in children(plan, RICH)}


def test_only_effects_is_given_keys_of_models(started: dict[str, Child]) -> None:
    for name, child in started.items():
        secrets = [value for value in child.environment.values() if "secret" in value]
        assert sorted(secrets) == (["secret-1", "secret-2"] if name == "effects-1" else [])


def test_only_effects_is_given_tools_and_what_these_need(plan: Plan) -> None:
    named = {"INTERLOCK_TOOLS": "desk.tools", "INTERLOCK_TOOLS_ENV": "BANK_URL, BANK_TOKEN,,"}
    bank = {"BANK_URL": "http://127.0.0.1:1", "BANK_TOKEN": "secret-4", "OTHER_TOKEN": "secret-5"}
    started = {child.name: child.environment for child in children(plan, RICH | named | bank)}
    effects = started.pop("effects-1")
    assert {name: effects.get(name) for name in (*named, *bank)} == {
        **bank,
        "INTERLOCK_TOOLS": "desk.tools",
        "INTERLOCK_TOOLS_ENV": None,
        "OTHER_TOKEN": None,
    }
    for environment in (*started.values(), guard(plan, RICH | named | bank).environment):
        assert not {*bank, *named} & set(environment)


def test_only_the_supervisor_is_told_which_policies(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    started = {
        child.name: child.environment for child in children(plan, RICH | {"INTERLOCK_POLICIES": "desk"})
    }
    assert {
        name: env["INTERLOCK_POLICIES"] for name, env in started.items() if "INTERLOCK_POLICIES" in env
    } == {"supervisor-1": "/desk"}


def test_an_agent_is_given_nothing_but_path_home_language_and_its_settings(started: dict[str, Child]) -> None:
    assert set(started["planner-1"].environment) == {
        "PATH",
        "HOME",
        "LANG",
        "INTERLOCK_URL",
        "INTERLOCK_PRINCIPAL",
        "INTERLOCK_KEY_FILE",
        "INTERLOCK_LOG",
    }


def test_a_notifier_is_given_its_file_its_place_and_the_secrets_that_the_file_names(plan: Plan) -> None:
    # Given a file that names one of the starter's secrets
    file = plan.state.root / "notify.toml"
    file.write_text(
        '[channels.a]\nkind = "slack"\nurl = { env = "CHAT" }\n'
        '[channels.b]\nkind = "slack"\nurl = "https://x.example/"\n'
    )
    keys = {**plan.keys, NOTIFIER.name: plan.state.root / "n.nk"}
    plan = msgspec.structs.replace(plan, channels=file, keys=keys)
    # When the environment starts with a notifier
    rich = RICH | {
        "CHAT": "https://secret-4.example/",
        "HTTPS_PROXY": "http://proxy",
        "INTERLOCK_NOTIFY": "x",
    }
    told = {child.name: child.environment for child in children(plan, rich, (*SERVICES, NOTIFIER))}
    # Then it has that one and no other, and nobody else has it
    own = told["notifier-1"]
    assert own["CHAT"] == "https://secret-4.example/"
    assert (own["INTERLOCK_NOTIFY"], own["HTTPS_PROXY"]) == (str(file), "http://proxy")
    assert own["INTERLOCK_NOTIFY_STATE"] == str(plan.state.notifying)
    assert not any(f"secret-{n}" in str(own) for n in (1, 2, 3))
    assert [name for name, variables in told.items() if "secret-4" in str(variables)] == ["notifier-1"]


def test_each_process_has_a_key_of_its_own(started: dict[str, Child]) -> None:
    assert len({child.environment["INTERLOCK_KEY_FILE"] for child in started.values()}) == len(started)


def test_effects_is_told_the_folders_it_may_read(started: dict[str, Child]) -> None:
    assert started["effects-1"].environment["INTERLOCK_DOCS"] == "/a:/b"


def test_agents_stop_before_effects_and_effects_before_the_supervisor(started: dict[str, Child]) -> None:
    assert started["supervisor-1"].order < started["effects-1"].order < started["planner-1"].order


def test_each_has_the_role_and_the_log_that_its_guard_needs(
    started: dict[str, Child], tmp_path: Path
) -> None:
    researcher = started["researcher-1"]
    assert (researcher.role, researcher.charter, researcher.restart) == ("agent", "researcher", "permanent")
    assert researcher.log == str(tmp_path / "logs" / "researcher-1.log")
    assert started["effects-1"].role == "effects"


def test_a_guard_gets_no_key_of_a_model(plan: Plan) -> None:
    environment = guard(plan, RICH).environment
    assert not [value for value in environment.values() if "secret" in value]
    assert environment["INTERLOCK_PRINCIPAL"] == GUARD


def test_who_admits_others_is_told_where_they_stand_and_is_waited_for(plan: Plan, tmp_path: Path) -> None:
    access, *others = children(plan, RICH)
    assert access.ready
    assert access.order < min(child.order for child in others)
    assert access.environment["INTERLOCK_DIRECTORY"] == str(tmp_path / "store")
    assert access.environment["INTERLOCK_SERVER_LOG"] == str(tmp_path / "store" / "nats-server.log")


def test_who_admits_others_is_told_whose_tokens_to_believe_and_whom_to_trust(plan: Plan) -> None:
    named = {"INTERLOCK_OIDC": "/etc/oidc.toml", "SSL_CERT_FILE": "/etc/ca.pem"}
    access, *others = children(plan, RICH | named)
    assert named.items() <= access.environment.items()
    assert not [child.name for child in others if "INTERLOCK_OIDC" in child.environment]


def test_a_further_process_is_told_what_it_has_to_know(plan: Plan) -> None:
    further = Service("planner-1", "agent", ("mine.planner",), 3, charter="planner", knows={"MINE": "1"})
    (child,) = children(plan, RICH, [further])
    assert child.command[-2:] == ("-m", "mine.planner")
    assert child.environment["MINE"] == "1"
    assert "OPENAI_API_KEY" not in child.environment
