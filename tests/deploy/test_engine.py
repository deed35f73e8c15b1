"""The engine of compose.yaml, started on this machine: its configuration, its keys, its health check."""

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import nats
import pytest
import yaml
from tests.bus.authority import Authority
from tests.bus.guarded import Door

from interlock.bus import identity
from interlock.bus.errors import BusError, NotPermitted
from interlock.bus.nats_bus import connect
from interlock.bus.principals import Principals
from interlock.bus.server import find_binary
from interlock.bus.server_keys import ServerKeys
from interlock.bus.tls import client_context

START_S = 10.0

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
    with started(keys, tmp_path_factory.mktemp("etc")) as engine:
        yield engine


@contextmanager
def started(keys: Path, folder: Path) -> Generator[Engine]:
    """Run the server as compose.yaml starts it, but for folders and ports that are free here."""
    (folder / "accounts").symlink_to(keys / "nats")
    configuration = (ROOT / "deploy" / "nats.conf").read_text("utf-8")
    for there, here in {
        "/var/lib/interlock/log": str(folder / "log"),
        "/var/log/interlock": str(folder),
        "0.0.0.0:4222": "127.0.0.1:-1",
        "127.0.0.1:8222": "127.0.0.1:-1",
    }.items():
        assert there in configuration
        configuration = configuration.replace(there, here)
    (folder / "nats.conf").write_text(configuration)
    with subprocess.Popen([find_binary(), "--config", folder / "nats.conf"]) as server:
        try:
            yield said_ports(folder / "nats-server.log")
        finally:
            server.kill()


def said_ports(log: Path) -> Engine:
    deadline = time.monotonic() + START_S
    said = ""
    while "Server is ready" not in said:
        assert time.monotonic() < deadline, said
        said = log.read_text() if log.exists() else ""
    client = re.search(r"client connections on 127\.0\.0\.1:(\d+)", said)
    health = re.search(r"http monitor on 127\.0\.0\.1:(\d+)", said)
    assert client, said
    assert health, said
    return Engine(int(client[1]), int(health[1]))


@pytest.fixture
async def door(engine: Engine, keys: Path) -> AsyncIterator[Door]:
    """An answerer that is shown what the container of access is shown."""
    made = Door(Principals(keys / "store"), ServerKeys(keys / "store"))
    await made.open(f"nats://127.0.0.1:{engine.client_port}")
    yield made
    await made.close()


def service(name: str) -> dict[str, list[str]]:
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))
    found: dict[str, list[str]] = compose["services"][name]
    return found


def enrol(folder: Path, *words: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, ROOT / "deploy" / "keys.py", folder, *words],
        capture_output=True,
        check=False,
        text=True,
        env=os.environ | variables,
    )


def test_it_is_healthy_by_its_own_check(engine: Engine) -> None:
    check = (ROOT / "compose.yaml").read_text("utf-8")
    (code,) = re.findall(r'"(import urllib.*)"', check)
    here = code.replace("8222", str(engine.health_port))
    assert subprocess.run([sys.executable, "-c", here], check=False).returncode == 0


@pytest.mark.parametrize("name", sorted(key.partition("=")[0] for key in service("keys")["command"][3:]))
async def test_every_key_is_known(engine: Engine, door: Door, keys: Path, name: str) -> None:
    url = f"nats://127.0.0.1:{engine.client_port}"
    connection = await nats.connect(  # pyright: ignore[reportUnknownMemberType] # its options have no types
        url, nkeys_seed=str(keys / name / "key")
    )
    try:
        assert connection.is_connected
        assert door.questions[-1].public_key == identity.load(keys / name / "key").public_key
    finally:
        await connection.close()


async def test_the_access_service_has_its_place(engine: Engine, keys: Path) -> None:
    key = ServerKeys(keys / "store").access("access-1", "development").seed
    bus = await connect(f"nats://127.0.0.1:{engine.client_port}", "access-1", key=key)
    # Then it is let in without asking anybody, and may not decide anything
    assert bus.connected
    with pytest.raises(NotPermitted):
        await bus.append("interlock.decision.fleet", b"{}")
    await bus.close()


async def test_a_name_that_is_gone_is_refused_at_once(engine: Engine, door: Door, keys: Path) -> None:
    # Given a name that was there
    words = service("keys")["command"][3:]
    left = [word for word in words if not word.startswith("reviewer-1=")]
    seed = identity.load(keys / "reviewer-1" / "key").seed
    # When it is not named any more, then it is refused without a word to the server
    assert enrol(keys, *left).returncode == 0
    with pytest.raises(NotPermitted):
        await connect(f"nats://127.0.0.1:{engine.client_port}", "reviewer-1", key=seed)
    # And admitted again when it is, by the key that it has
    assert enrol(keys, *words).returncode == 0
    bus = await connect(f"nats://127.0.0.1:{engine.client_port}", "reviewer-1", key=seed)
    await bus.close()
    assert door.principals.read()["reviewer-1"].valid_keys


def test_it_keeps_a_store_and_refuses_a_stranger(engine: Engine) -> None:
    with (
        socket.create_connection(("127.0.0.1", engine.client_port)) as stranger,
        stranger.makefile("rw") as talk,
    ):
        assert '"jetstream":true' in talk.readline()
        talk.write("CONNECT {}\r\nPING\r\n")
        talk.flush()
        assert "Authorization Violation" in talk.readline()


def test_keys_that_stand_there_are_kept_and_names_that_are_gone_are_revoked(tmp_path: Path) -> None:
    # Given two names with keys
    enrol(tmp_path, "planner-1=agent", "operator=admin")
    before = (tmp_path / "planner-1" / "key").read_text()
    known = Principals(tmp_path / "store").read()
    # When only one of them is named again
    assert enrol(tmp_path, "planner-1=agent").returncode == 0
    # Then it keeps its key, and the other is revoked
    assert (tmp_path / "planner-1" / "key").read_text() == before
    listed = Principals(tmp_path / "store").read()
    assert listed["planner-1"] == known["planner-1"]
    assert listed["operator"].revoked_ms
    assert not listed["operator"].valid_keys


async def test_it_encrypts_where_that_is_said(tmp_path: Path) -> None:
    # Given a folder for TLS, and keys made with it
    tls_folder = Authority(tmp_path).folder()
    keys, etc = tmp_path / "keys", tmp_path / "etc"
    etc.mkdir()
    assert enrol(keys, "access-1=access", "operator=admin", INTERLOCK_TLS=str(tls_folder)).returncode == 0
    context = client_context(tls_folder)
    with started(keys, etc) as engine:
        url = f"nats://127.0.0.1:{engine.client_port}"
        door = Door(Principals(keys / "store"), ServerKeys(keys / "store"))
        # Then whoever admits and whoever is admitted speak encrypted, and others do not get to speak
        await door.open(url, tls=context)
        key = identity.load(keys / "operator" / "key").seed
        await (await connect(url, "operator", key=key, tls=context)).close()
        with pytest.raises(BusError):
            await connect(url, "operator", key=key)
        await door.close()


def test_a_folder_for_tls_without_its_files_is_one_clear_sentence(tmp_path: Path) -> None:
    answer = enrol(tmp_path, "access-1=access", INTERLOCK_TLS=str(tmp_path / "nothing"))
    assert (answer.returncode, answer.stderr.count("\n")) == (1, 1)
    assert "server.pem cannot be read" in answer.stderr


def test_the_server_is_shown_no_secret(keys: Path) -> None:
    shown = "".join(path.read_text() for path in (keys / "nats").iterdir())
    secrets = [path.read_text().strip() for path in keys.rglob("*") if path.is_file() and is_secret(path)]
    assert len(secrets) > len(service("keys")["command"][3:])
    assert not [secret for secret in secrets if secret in shown]


def is_secret(path: Path) -> bool:
    return path.name == "key" or path.suffix == ".nk"


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
