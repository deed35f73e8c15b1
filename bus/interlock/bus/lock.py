"""A file that one process holds at a time; it must not know what it protects."""

import fcntl
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

LOCK_S = 15.0
POLL_S = 0.02


@contextmanager
def locked(path: Path, *, timeout_s: float = LOCK_S) -> Generator[None]:
    """Hold the file; raise TimeoutError when another process keeps it longer than the bound."""
    deadline = time.monotonic() + timeout_s
    with path.open("w") as lock:
        while not _taken(lock.fileno()):
            if time.monotonic() > deadline:
                raise TimeoutError(f"another process holds {path} for more than {timeout_s:g} s")
            time.sleep(POLL_S)
        yield


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
