"""A private nats-server with the settings of Interlock's embedded one; does not know who connects."""

import json
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

BINARY = Path(sys.executable).with_name("nats-server")
START_LIMIT_S = 10.0
CONFIGURATION = """
listen: "127.0.0.1:-1"
ports_file_dir: "{folder}"
jetstream {{ store_dir: "{folder}", sync_interval: 100ms }}
"""


@dataclass(frozen=True)
class Server:
    """A server that answers: where, and which process it is."""

    url: str
    pid: int


@contextmanager
def private_server() -> Generator[Server]:
    """Run a server on a free port with its own store; raise TimeoutError if it never listens."""
    with TemporaryDirectory(prefix="interlock-bench-") as name:
        folder = Path(name)
        configuration = folder / "nats.conf"
        configuration.write_text(CONFIGURATION.format(folder=folder))
        process = subprocess.Popen([BINARY, "-c", configuration, "-l", folder / "log"])
        try:
            yield Server(_url(folder / f"nats-server_{process.pid}.ports"), process.pid)
        finally:
            process.terminate()
            process.wait()


def _url(ports: Path) -> str:
    # the server writes this file once it listens
    give_up = time.monotonic() + START_LIMIT_S
    while time.monotonic() < give_up:
        if ports.exists() and (text := ports.read_text()):
            return str(json.loads(text)["nats"][0])
        time.sleep(0.01)
    raise TimeoutError(f"{BINARY} did not listen within {START_LIMIT_S:.0f} s")
