"""The files of one embedded server: its configuration, store, logs, and the note of where it runs.

It must not know how the process is started or watched. Syncing the store every 100 ms costs nothing
measurable and bounds what a power loss can take; the server's own default is two minutes.
"""

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from interlock.bus import accounts
from interlock.bus.errors import ServerFailed
from interlock.bus.lock import locked
from interlock.bus.principals import DEFAULT_ENVIRONMENT, Principals
from interlock.bus.server_keys import ServerKeys
from interlock.bus.tls import ServerTls

MAX_PAYLOAD_BYTES = 1024 * 1024
SYNC_INTERVAL = "100ms"
LOG_BYTES = 10 * 1024 * 1024
LOG_FILES = 3
OWNER_ONLY = 0o600
_OPEN_ACCOUNT = "$G"


class Note(msgspec.Struct, frozen=True):
    """Where a server of this home runs."""

    url: str
    pid: int


class ServerHome:
    """One state folder; with `tls` clients have to encrypt."""

    def __init__(self, folder: Path, tls: ServerTls | None = None) -> None:
        self.folder = folder.absolute()
        self._tls = tls
        self.configuration = self.folder / "nats.conf"
        self.accounts = self.folder / "accounts.conf"
        self.store = self.folder / "jetstream"
        self.log = self.folder / "nats-server.log"
        self.stderr = self.folder / "nats-server.err"
        self._note = self.folder / "server.json"

    def create(self) -> None:
        """Make the folder, for its owner only; raise ServerFailed when that is impossible."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.store.mkdir(mode=0o700, exist_ok=True)
            writable = os.access(self.store, os.W_OK | os.X_OK)
        except OSError as failure:
            raise ServerFailed(
                f"the state folder {self.folder} cannot be used: {failure.strerror}"
            ) from failure
        if not writable:
            raise ServerFailed(f"the store {self.store} is not writable; check its owner and mode")

    @contextmanager
    def locked(self) -> Generator[None]:
        """Hold the folder, so that no two servers share a store; raise ServerFailed when it stays taken."""
        try:
            with locked(self.folder / "server.lock"):
                yield
        except TimeoutError as failure:
            raise ServerFailed(f"a server in {self.folder} cannot be started: {failure}") from failure

    def write_configuration(self, port: int) -> None:
        """Write nats.conf for a port on this machine only (-1: any free one), and clear old announcements.

        Raises MalformedKey for a key or a TLS file that cannot be used.
        """
        for announcement in self.folder.glob("nats-server_*.ports"):
            announcement.unlink()
        self._write_accounts()
        self.configuration.write_text(
            f"""\
# Written at every start; accounts and who is asked whom to admit stand in accounts.conf.
server_name: interlock
host: 127.0.0.1
port: {port}
max_payload: {MAX_PAYLOAD_BYTES}
pid_file: {_quoted(self.folder / "nats-server.pid")}
ports_file_dir: {_quoted(self.folder)}
log_file: {_quoted(self.log)}
log_size_limit: {LOG_BYTES}
log_max_num: {LOG_FILES}
jetstream {{
    store_dir: {_quoted(self.store)}
    sync_interval: {SYNC_INTERVAL}
    strict: true
}}
{self._tls.block() if self._tls else ""}include "{self.accounts.name}"
"""
        )

    def _write_accounts(self) -> None:
        """Write who is asked whom to admit; without a directory the server is open to everybody."""
        write_accounts(self.folder, self.accounts)
        beside = self.store / "jetstream"
        before, now = beside / _OPEN_ACCOUNT, beside / accounts.account(DEFAULT_ENVIRONMENT)
        if Principals(self.folder).exists and before.exists() and not now.exists():
            # What an open server has logged is the log of the default environment.
            before.rename(now)

    def read_note(self) -> Note | None:
        """Return where a server of this home was last started, if that was noted."""
        try:
            return msgspec.json.decode(self._note.read_bytes(), type=Note)
        except (OSError, msgspec.MsgspecError):
            return None

    def write_note(self, note: Note) -> None:
        """Note where the server runs."""
        self._note.write_bytes(msgspec.json.encode(note))

    def drop_note(self) -> None:
        """Forget where the server ran."""
        self._note.unlink(missing_ok=True)

    def announced_url(self, pid: int) -> str | None:
        """Return the address that the server with this pid announced, once it listens."""
        try:
            ports = msgspec.json.decode((self.folder / f"nats-server_{pid}.ports").read_bytes(), type=_Ports)
        except (OSError, msgspec.MsgspecError):
            return None
        return ports.nats[0] if ports.nats else None

    def log_size(self) -> int:
        """Return how many bytes the server has logged."""
        return self.log.stat().st_size if self.log.exists() else 0

    def log_since(self, offset: int) -> str:
        """Return what the server has logged after an offset in bytes."""
        if not self.log.exists():
            return ""
        with self.log.open("rb") as file:
            file.seek(offset)
            return file.read().decode(errors="replace")

    def last_words(self, offset: int) -> str:
        """Return the server's own latest complaint since an offset in its log, or what it said last."""
        stderr = self.stderr.read_text(errors="replace") if self.stderr.exists() else ""
        lines = [*self.log_since(offset).splitlines(), *stderr.splitlines()]
        complaints = [line for line in lines if "[FTL]" in line or "[ERR]" in line] or lines
        return complaints[-1].strip() if complaints else "it said nothing"


def write_accounts(folder: Path, path: Path) -> None:
    """Write the accounts of a folder's directory, and make the server's keys that are missing.

    Nobody ever enrolled: an open server. Raises MalformedKey for a directory or key that cannot be used.
    """
    principals, keys = Principals(folder), ServerKeys(folder)
    text = "# Nobody was ever enrolled: open to every program on this machine.\n"
    if principals.exists:
        known = principals.read()
        keys.make(accounts.services(known), accounts.environments(known))
        text = accounts.render(known, keys)
    path.touch(mode=OWNER_ONLY)
    path.write_text(text)


class _Ports(msgspec.Struct, frozen=True):
    nats: list[str] = []


def _quoted(path: Path) -> str:
    return msgspec.json.encode(str(path)).decode()
