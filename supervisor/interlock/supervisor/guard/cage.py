"""Control groups (cgroup v2), where this process may make its own: whoever is in one cannot leave by forking.

`cgroup.kill` ends all of a group at once, also while they fork. Where none can be made, nothing is lost but
that: the guard adopts orphans and kills them one by one.

Source: https://docs.kernel.org/admin-guide/cgroup-v2.html.
"""

import contextlib
import fcntl
import os
from pathlib import Path

MOUNTS = Path("/proc/self/mountinfo")
MEMBERSHIP = Path("/proc/self/cgroup")
_NAME = "interlock-"


class Cage:
    """The group of one process and all that it starts."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.door = os.open(folder / "cgroup.procs", os.O_WRONLY | os.O_CLOEXEC)

    def count(self) -> int:
        """Return how many processes are in it."""
        with contextlib.suppress(OSError):
            return len((self._folder / "cgroup.procs").read_bytes().split())
        return 0

    def kill(self) -> None:
        """Kill everything in it."""
        with contextlib.suppress(OSError):
            (self._folder / "cgroup.kill").write_bytes(b"1")

    def remove(self) -> None:
        """Take it away; one that still holds a process stays until the guard ends."""
        os.close(self.door)
        with contextlib.suppress(OSError):
            self._folder.rmdir()


class Cages:
    """The groups of one guard, below its own; `held` is open as long as this guard lives."""

    def __init__(self, folder: Path, held: int) -> None:
        self._folder = folder
        self._held = held
        self._made = 0

    def make(self, name: str) -> Cage | None:
        """Return a new group, or None when there can be none."""
        self._made += 1
        folder = self._folder / f"{name}.{self._made}"
        try:
            folder.mkdir()
            return Cage(folder)
        except OSError:
            return None

    def remove(self) -> None:
        """Take all of them away, with whatever is in them."""
        _demolish(self._folder)
        os.close(self._held)


def find() -> Cages | None:
    """Return where this process can make groups, None where it may not.

    What a guard that was killed has left there is killed and taken away.
    """
    try:
        home = _home()
        if home is None:
            return None
        for left in home.glob(f"{_NAME}*/"):
            abandoned = _hold(left)
            if abandoned is not None:
                _demolish(left)
                os.close(abandoned)
        folder = home / f"{_NAME}{os.getpid()}"
        folder.mkdir()
    except OSError:
        return None
    held = _hold(folder)
    if held is not None and _usable(folder):
        return Cages(folder, held)
    _demolish(folder)
    return None


def _hold(folder: Path) -> int | None:
    """Return a descriptor that holds a guard's folder, None when a guard that lives has it.

    The kernel lets go of it when its holder ends, in whatever namespace that was.
    """
    descriptor = -1
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        if descriptor >= 0:
            os.close(descriptor)
        return None
    return descriptor


def _home() -> Path | None:
    """Return the folder of this process's own group."""
    group = next((line[3:] for line in MEMBERSHIP.read_text().splitlines() if line.startswith("0::")), None)
    for line in MOUNTS.read_text().splitlines():
        mount, _, system = line.partition(" - ")
        if group is not None and system.startswith("cgroup2 "):
            root, point = mount.split()[3:5]
            return Path(point) / os.path.relpath(group, root)
    return None


def _usable(folder: Path) -> bool:
    """Tell whether a process can be moved there and killed there, as far as that can be seen."""
    names = (folder / "cgroup.kill", folder / "cgroup.procs", folder.parent / "cgroup.procs")
    return all(os.access(name, os.W_OK) for name in names)


def _demolish(folder: Path) -> None:
    with contextlib.suppress(OSError):
        (folder / "cgroup.kill").write_bytes(b"1")
    for inner in (*folder.glob("*/"), folder):
        with contextlib.suppress(OSError):
            inner.rmdir()
