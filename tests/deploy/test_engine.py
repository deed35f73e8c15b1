"""The engine of compose.yaml, started on this machine: its configuration, its keys, its health check."""

import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import nats
import pytest
import yaml

from interlock.bus.server import find_binary

ROOT = Path(__file__).parents[2]


class Engine(NamedTuple):
    """A running nats-server: where clients and where the health check find it."""

    client_port: int
    health_port: int


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the service `keys` fills, by its own command."""
    folder = tmp_path_factory.mktemp("keys")
    assert enrol(folder, *service("keys")["command"][3:]).returncode == 0
    return folder


@pytest.fixture(scope="module")
def engine(keys: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """The server as compose.yaml starts it, but for folders and ports that are free here."""
    folder = tmp_path_factory.mktemp("etc")
    (folder / "users").symlink_to(keys / "nats")
    configuration = (ROOT / "deploy" / "nats.conf").read_text("utf-8")
    for there, here in {
        "/var/lib/interlock/log": str(folder / "log"),
        "0.0.0.0:4222": "127.0.0.1:-1",
        "127.0.0.1:8222": "127.0.0.1:-1",
    }.items():
        assert there in configuration
        configuration = configuration.replace(there, here)
    (folder / "nats.conf").write_text(configuration)
    with subprocess.Popen(
        [find_binary(), "--config", folder / "nats.conf"], stderr=subprocess.PIPE, text=True
    ) as server:
        try:
            yield said_ports(server)
        finally:
            server.kill()


def said_ports(server: "subprocess.Popen[str]") -> Engine:
    said = ""
    for line in server.stderr or ():
        said += line
        if "Server is ready" in line:
            break
    client = re.search(r"client connections on 127\.0\.0\.1:(\d+)", said)
    health = re.search(r"http monitor on 127\.0\.0\.1:(\d+)", said)
    assert client, said
    assert health, said
    return Engine(int(client[1]), int(health[1]))


def service(name: str) -> dict[str, list[str]]:
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))
    found: dict[str, list[str]] = compose["services"][name]
    return found


def enrol(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, ROOT / "deploy" / "keys.py", folder, *words],
        capture_output=True,
        check=False,
        text=True,
    )


def test_it_is_healthy_by_its_own_check(engine: Engine) -> None:
    check = (ROOT / "compose.yaml").read_text("utf-8")
    (code,) = re.findall(r'"(import urllib.*)"', check)
    here = code.replace("8222", str(engine.health_port))
    assert subprocess.run([sys.executable, "-c", here], check=False).returncode == 0


@pytest.mark.parametrize("name", sorted(key.partition("=")[0] for key in service("keys")["command"][3:]))
async def test_it_knows_every_key(engine: Engine, keys: Path, name: str) -> None:
    url = f"nats://127.0.0.1:{engine.client_port}"
    connection = await nats.connect(  # pyright: ignore[reportUnknownMemberType] # its options have no types
        url, nkeys_seed=str(keys / name / "key")
    )
    try:
        assert connection.is_connected
    finally:
        await connection.close()


def test_it_keeps_a_store_and_refuses_a_stranger(engine: Engine) -> None:
    with (
        socket.create_connection(("127.0.0.1", engine.client_port)) as stranger,
        stranger.makefile("rw") as talk,
    ):
        assert '"jetstream":true' in talk.readline()
        talk.write("CONNECT {}\r\nPING\r\n")
        talk.flush()
        assert "Authorization Violation" in talk.readline()


def test_keys_that_stand_there_are_kept_and_names_that_are_gone_are_refused(tmp_path: Path) -> None:
    # Given two names with keys
    enrol(tmp_path, "planner-1=agent", "operator=person")
    before = (tmp_path / "planner-1" / "key").read_text()
    # When only one of them is named again
    assert enrol(tmp_path, "planner-1=agent").returncode == 0
    # Then it keeps its key, and the server's list has nobody else
    assert (tmp_path / "planner-1" / "key").read_text() == before
    listed = (tmp_path / "nats" / "users.conf").read_text()
    assert "planner-1: agent" in listed
    assert "operator" not in listed


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ((), 2, "usage"),
        (("planner-1",), 2, "usage"),
        (("planner-1=king",), 1, "'king'"),
        (("Planner 1=agent",), 1, "'Planner 1'"),
    ],
)
def test_a_wrong_name_or_role_is_one_clear_sentence(
    tmp_path: Path, words: tuple[str, ...], code: int, says: str
) -> None:
    answer = enrol(tmp_path, *words)
    assert answer.returncode == code
    assert says in answer.stderr
    assert answer.stderr.count("\n") == 1
