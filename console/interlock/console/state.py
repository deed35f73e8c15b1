"""Where an environment keeps its things on this machine, and who holds the folder."""

import contextlib
import fcntl
import os
from collections.abc import Generator, Mapping
from pathlib import Path

import msgspec

from interlock.console.errors import BadInput, NotRunning

PRIVATE_SLOTS = 8


class ServerFile(msgspec.Struct, frozen=True, kw_only=True):
    """`server.json`: how to reach the environment that runs from this folder.

    `private` is an environment that one `interlock run` started for itself.
    """

    url: str
    pid: int
    started_ms: int
    docs: tuple[str, ...] = ()
    model: str = ""
    private: bool = False


class StateFolder:
    """The state directory of one environment."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.server_file = root / "server.json"
        self.lock_file = root / "lock"
        self.store = root / "store"
        self.keys = self.store / "keys"
        self.workspaces = root / "workspaces"
        self.cache = root / "cache"
        self.logs = root / "logs"
        self.notifying = root / "notifying"

    def make(self) -> None:
        """Create the folders, readable for their owner only; raises BadInput when that is impossible."""
        try:
            for folder in (self.root, self.store, self.keys, self.workspaces, self.cache, self.logs):
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise BadInput(
                f"the state directory {self.root} cannot be used ({error.strerror}); try --state DIR"
            ) from error

    @contextlib.contextmanager
    def held(self) -> Generator[bool]:
        """Hold the folder for this process; yields False when another process holds it.

        The kernel lets go of it when the holder ends, however it ends.
        """
        descriptor = os.open(self.lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                taken = True
            except BlockingIOError:
                taken = False
            yield taken
        finally:
            os.close(descriptor)

    def is_held(self) -> bool:
        """Tell whether a process holds the folder now."""
        if not self.lock_file.exists():
            return False
        with self.held() as taken:
            return not taken

    def write_server(self, server: ServerFile) -> None:
        """Say how the environment is reached, in one step."""
        fresh = self.server_file.with_suffix(".new")
        fresh.write_bytes(msgspec.json.format(msgspec.json.encode(server)))
        fresh.replace(self.server_file)

    def forget_server(self) -> None:
        """Say that nothing runs here any more."""
        self.server_file.unlink(missing_ok=True)

    def running(self) -> ServerFile | None:
        """Return how the running environment is reached, or None when nothing runs here."""
        if not self.is_held():
            return None
        try:
            return msgspec.json.decode(self.server_file.read_bytes(), type=ServerFile)
        except FileNotFoundError:
            return None
        except msgspec.DecodeError as error:
            raise NotRunning(
                f"{self.server_file} is damaged ({error}); stop what runs there and remove it"
            ) from error

    def key_file(self, principal: str) -> Path:
        """Return where the key of a principal stands, whether there is one or not."""
        return self.keys / f"{principal}.nk"

    def log_of(self, name: str) -> Path:
        """Return where the output of a process stands."""
        return self.logs / f"{name}.log"

    def private(self, slot: int) -> "StateFolder":
        """Return the folder of one private environment beside this one."""
        return StateFolder(self.root / "private" / str(slot))


def state_folder(given: str | None, environment: Mapping[str, str]) -> StateFolder:
    """Choose the state directory: as given, else INTERLOCK_STATE, else interlock in $XDG_STATE_HOME."""
    named = given or environment.get("INTERLOCK_STATE")
    if named:
        return StateFolder(Path(named).expanduser().absolute())
    base = environment.get("XDG_STATE_HOME")
    home = Path(base) if base else Path(environment.get("HOME", "~")).expanduser() / ".local" / "state"
    return StateFolder(home.absolute() / "interlock")
