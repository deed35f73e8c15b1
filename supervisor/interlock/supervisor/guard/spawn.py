"""Starts one process: in a session and process group of its own, bound to this one's life.

Between fork and exec three system calls are made from Python (`preexec_fn`). That is safe here: the guard
forks from its one thread that runs Python, and nothing is imported, allocated from C or locked in between.
The same through a small program in between would cost a start of the interpreter for each child.
"""

import contextlib
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from interlock.supervisor.errors import NotStarted
from interlock.supervisor.guard.kernel import die_with_starter
from interlock.supervisor.guard.plan import Child

MAX_LOG_BYTES = 32 * 1024 * 1024
READY_FD = "INTERLOCK_READY_FD"
_ORPHANED = 70


class Spawned(NamedTuple):
    """A process that was started; `ready` is the descriptor on which it says so, None when nobody waits."""

    pid: int
    ready: int | None


def spawn(child: Child, cage: int | None) -> Spawned:
    """Start a child, in the cgroup whose `cgroup.procs` is open as `cage`; raise NotStarted."""
    log = Path(child.log)
    ready = os.pipe() if child.ready else None
    try:
        _turn_over(log)
        with log.open("ab", buffering=0) as output:
            process = subprocess.Popen(  # noqa: S603 - what the plan says
                child.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=child.environment | ({READY_FD: str(ready[1])} if ready else {}),
                cwd="/",
                start_new_session=True,
                pass_fds=ready[1:] if ready else (),
                preexec_fn=_bound_to(os.getpid(), cage),  # noqa: PLW1509 - see above
            )
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        if ready:
            os.close(ready[0])
        what, where = str(error), child.command[0]
        if isinstance(error, OSError):
            what, where = str(error.strerror), str(error.filename or where)
        raise NotStarted(f"{child.name} cannot be started: {what}: {where}") from error
    finally:
        if ready:
            os.close(ready[1])
    # The reaper waits for every process alike: this object shall not.
    process.returncode = 0
    return Spawned(process.pid, ready[0] if ready else None)


def _bound_to(starter: int, cage: int | None) -> Callable[[], None]:
    def begin() -> None:
        die_with_starter()
        if os.getppid() != starter:
            os._exit(_ORPHANED)
        if cage is not None:
            with contextlib.suppress(OSError):
                os.write(cage, b"0")

    return begin


def _turn_over(log: Path) -> None:
    """Begin a new log when the old one is large; one older one is kept."""
    with contextlib.suppress(FileNotFoundError):
        if log.stat().st_size > MAX_LOG_BYTES:
            log.replace(log.with_suffix(".log.1"))
