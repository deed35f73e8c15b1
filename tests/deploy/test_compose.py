"""What compose.yaml promises: valid, whole, and no container can reach more than its work needs."""

import importlib.metadata
import importlib.util
import json
import re
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema
import pytest
import yaml

from interlock.bus.process import read_settings
from interlock.console.environment import Where, find
from interlock.console.notifying.file import read_file, variables_of

ROOT = Path(__file__).parents[2]
AGENTS = ("planner", "researcher", "executor", "reviewer")
WITH_A_KEY = ("supervisor", "standby", "effects", *AGENTS, "notifier")
PROCESSES = ("access", *WITH_A_KEY)
KEY = "/run/interlock/key"
PRINCIPALS = {name: f"{name}-1" for name in PROCESSES} | {"standby": "supervisor-2"}

Json = dict[str, Any]


class Mount(NamedTuple):
    """One line of a service's volumes, however it was written."""

    source: str
    target: str
    read_only: bool
    subpath: str = ""

    @property
    def is_folder(self) -> bool:
        return "/" in self.source


def mounts(service: Json) -> list[Mount]:
    found: list[Mount] = []
    for volume in service.get("volumes", ()):
        match volume:
            case str():
                source, target, *mode = volume.replace(":-", "-").split(":")
                found.append(Mount(source, target, mode == ["ro"]))
            case _:
                subpath = volume.get("volume", {}).get("subpath", "")
                found.append(Mount(volume["source"], volume["target"], volume["read_only"], subpath))
    return found


@pytest.fixture(scope="module")
def compose() -> Json:
    document: Json = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))
    return document


@pytest.fixture(scope="module")
def schema() -> Json:
    document: Json = json.loads((Path(__file__).parent / "compose-spec.json").read_text("utf-8"))
    return document


def test_it_is_valid_by_the_specification(compose: Json, schema: Json) -> None:
    jsonschema.validate(compose, schema)


def test_a_misspelt_key_would_be_refused(compose: Json, schema: Json) -> None:
    service = compose["services"]["planner"] | {"readonly": True}
    broken = compose | {"services": compose["services"] | {"planner": service}}
    with pytest.raises(jsonschema.ValidationError, match="readonly"):
        jsonschema.validate(broken, schema)


def test_everything_that_a_service_names_is_declared(compose: Json) -> None:
    for service in compose["services"].values():
        assert set(service.get("networks", ())) <= set(compose["networks"])
        assert set(service.get("depends_on", ())) <= set(compose["services"])
        assert {mount.source for mount in mounts(service) if not mount.is_folder} <= set(compose["volumes"])
    for config in compose["configs"].values():
        assert (ROOT / config["file"]).is_file()


@pytest.mark.parametrize("name", PROCESSES)
def test_each_process_starts_a_module_that_exists(compose: Json, name: str) -> None:
    python, flag, module, *roles = compose["services"][name]["command"]
    assert (python, flag) == ("python", "-m")
    assert importlib.util.find_spec(f"{module}.__main__"), f"{module} cannot be started with python -m"
    assert roles == ([name] if name in AGENTS else [])


@pytest.mark.parametrize(
    ("name", "principal"), [(name, PRINCIPALS[name]) for name in WITH_A_KEY] + [("console", "operator")]
)
def test_each_process_sees_its_own_key_and_no_other(compose: Json, name: str, principal: str) -> None:
    service = compose["services"][name]
    assert service["environment"]["INTERLOCK_PRINCIPAL"] == principal
    assert service["environment"]["INTERLOCK_KEY_FILE"] == KEY
    keys = [mount for mount in mounts(service) if mount.source == "keys"]
    assert keys == [Mount("keys", str(Path(KEY).parent), read_only=True, subpath=principal)]


@pytest.mark.parametrize("name", PROCESSES)
def test_each_process_understands_its_environment(compose: Json, name: str) -> None:
    settings = read_settings(compose["services"][name]["environment"])
    assert settings.url == "nats://nats:4222"
    assert settings.principal == PRINCIPALS[name]
    assert settings.key_file == (Path(KEY) if name in WITH_A_KEY else None)


def test_access_alone_sees_by_which_keys_anybody_is_let_in(compose: Json) -> None:
    # Given who is shown which folder of the keys
    shown = {
        (name, mount.subpath): mount
        for name, service in compose["services"].items()
        for mount in mounts(service)
        if mount.source == "keys" and name != "keys"
    }
    # Then one service has the store, and looks for it where it is
    assert [name for name, subpath in shown if subpath == "store"] == ["access"]
    store = shown["access", "store"]
    assert (store.target, store.read_only) == ("/run/interlock", True)
    assert compose["services"]["access"]["environment"]["INTERLOCK_DIRECTORY"] == store.target
    # And everybody else one folder of their own, the server the one without secrets
    assert all(subpath for _, subpath in shown)
    assert [subpath for name, subpath in shown if name == "nats"] == ["nats"]


def test_access_reads_the_log_that_the_server_writes(compose: Json) -> None:
    written = compose["services"]["access"]["environment"]["INTERLOCK_SERVER_LOG"]
    assert f'log_file: "{written}"' in (ROOT / "deploy" / "nats.conf").read_text("utf-8")
    for name, read_only in (("nats", False), ("access", True)):
        (mount,) = (m for m in mounts(compose["services"][name]) if m.source == "server-log")
        assert (mount.target, mount.read_only) == (str(Path(written).parent), read_only)


def test_nobody_starts_before_somebody_admits(compose: Json) -> None:
    services = compose["services"]
    for name in (*WITH_A_KEY, "console"):
        assert set(services[name]["depends_on"]) == {"access"}, name
    assert set(services["access"]["depends_on"]) == {"nats"}
    assert set(services["nats"]["depends_on"]) == {"keys"}


def test_every_process_is_given_a_key_and_the_role_of_what_it_runs(compose: Json) -> None:
    roles = dict(word.split("=") for word in compose["services"]["keys"]["command"][3:])
    assert roles == {
        **{PRINCIPALS[name]: "agent" for name in AGENTS},
        "access-1": "access",
        "supervisor-1": "supervisor",
        "supervisor-2": "supervisor",
        "effects-1": "effects",
        "notifier-1": "viewer",
        "operator": "admin",
    }


def test_the_console_speaks_as_the_operator(compose: Json, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, value in compose["services"]["console"]["environment"].items():
        monkeypatch.setenv(variable, value)
    reach = find(Where())
    assert (reach.url, reach.principal, reach.key_file) == ("nats://nats:4222", "operator", Path(KEY))


@pytest.mark.parametrize("name", AGENTS)
def test_an_agent_is_alone_with_the_bus(compose: Json, name: str) -> None:
    # Given the networks of one agent
    (network,) = compose["services"][name]["networks"]
    # Then no way leads out of it, and nobody but nats stands at its other end
    assert compose["networks"][network] == {"internal": True}
    others = {
        other for other, service in compose["services"].items() if network in service.get("networks", ())
    }
    assert others == {name, "nats"}


@pytest.mark.parametrize("name", AGENTS)
def test_an_agent_holds_nothing_worth_stealing(compose: Json, name: str) -> None:
    service = compose["services"][name]
    assert set(service["environment"]) == {"INTERLOCK_URL", "INTERLOCK_PRINCIPAL", "INTERLOCK_KEY_FILE"}
    assert "env_file" not in service
    assert [mount.source for mount in mounts(service)] == ["keys"]


def test_only_effects_has_models_keys_and_only_it_and_the_notifier_a_way_out(compose: Json) -> None:
    services = compose["services"]
    known = {
        name: service["env_file"][0]["path"] for name, service in services.items() if "env_file" in service
    }
    assert known == {"effects": "deploy/models.env", "notifier": "deploy/notify.env"}
    ways_out = {network for network, settings in compose["networks"].items() if not settings.get("internal")}
    assert ways_out == {"front", "egress", "notices"}
    for way, who in (("egress", "effects"), ("notices", "notifier")):
        assert [name for name, service in services.items() if way in service.get("networks", ())] == [who]
    (docs,) = (mount for mount in mounts(services["effects"]) if mount.target == "/srv/docs")
    assert docs.read_only


def test_the_notifier_finds_its_file_and_keeps_its_place(compose: Json) -> None:
    notifier = compose["services"]["notifier"]
    assert notifier["profiles"] == ["notify"]
    by_target = {mount.target: mount for mount in mounts(notifier)}
    assert by_target[notifier["environment"]["INTERLOCK_NOTIFY"]].read_only
    assert by_target[notifier["environment"]["INTERLOCK_NOTIFY_STATE"]].source == "notifying"
    # And the file that ships says something, with the variables that its example names
    example = (ROOT / "deploy" / "notify.env.example").read_text("utf-8")
    file = read_file(ROOT / "deploy" / "notify.toml")
    assert {line.partition("=")[0] for line in example.splitlines() if line[0] != "#"} == variables_of(file)


def test_every_container_is_hardened_watched_and_restarted(compose: Json) -> None:
    for name, service in compose["services"].items():
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert {"privileged", "cap_add", "user", "pid"}.isdisjoint(service), name
        assert service.get("network_mode", "none") == "none", name
        if name not in {"keys", "console"}:  # these come and go
            assert service["healthcheck"]["test"][0] == "CMD", name
            assert service["restart"] == "unless-stopped", name


def test_ports_are_open_on_this_machine_only(compose: Json) -> None:
    ports = [port for service in compose["services"].values() for port in service.get("ports", ())]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_the_image_is_of_this_version_and_of_files_that_exist(compose: Json) -> None:
    dockerfile = (ROOT / "deploy" / "Dockerfile").read_text("utf-8")
    ignore = (ROOT / "deploy" / "Dockerfile.dockerignore").read_text("utf-8").split()
    # Given every file that the image copies from the repository
    copied = [
        name
        for line in re.findall(r"^COPY (?!--from)(.+) \S+$", dockerfile, re.MULTILINE)
        for name in line.split()
    ]
    # Then it stands in the repository and in the build's context
    assert [name for name in copied if not (ROOT / name).exists() or f"!{name}" not in ignore] == []
    version = importlib.metadata.version("interlock-runtime")
    assert {service["image"] for service in compose["services"].values()} == {f"interlock-runtime:{version}"}
    assert "USER interlock" in dockerfile
