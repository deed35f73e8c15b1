"""The containers' health check, against real sockets of this machine."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

CONNECTED = str(Path(__file__).parents[2] / "deploy" / "connected.py")


def exit_code(*arguments: str) -> int:
    return subprocess.run(
        [sys.executable, CONNECTED, *arguments], capture_output=True, check=False
    ).returncode


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_a_process_is_healthy_while_its_connection_stands(address: str) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    if family == socket.AF_INET6 and not Path("/proc/net/if_inet6").exists():
        pytest.skip("this machine has no IPv6")
    # Given a server that listens
    with socket.create_server((address, 0), family=family) as server:
        port = server.getsockname()[1]
        # Then listening alone is no connection
        assert exit_code(str(port)) == 1
        # When somebody connects, it is one, until they close
        with socket.create_connection((address, port)):
            assert exit_code(str(port)) == 0
        assert exit_code(str(port)) == 1


@pytest.mark.parametrize("arguments", [(), ("nats",), ("4222", "5")])
def test_a_wrong_call_is_told_apart_from_a_lost_connection(arguments: tuple[str, ...]) -> None:
    assert exit_code(*arguments) == 2


def test_the_check_needs_nothing_but_python() -> None:
    isolated = [sys.executable, "-I", "-S", CONNECTED, "1"]
    assert subprocess.run(isolated, check=False).returncode == 1
