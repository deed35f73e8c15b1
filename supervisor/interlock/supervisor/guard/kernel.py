"""What the guard asks of Linux: orphans, deaths of starters, who descends from whom. It decides nothing.

Sources: prctl(2), PR_SET_PDEATHSIG and PR_SET_CHILD_SUBREAPER; sched(7), SCHED_RR; proc(5),
/proc/<pid>/task/<tid>/children.
"""

import ctypes
import os
import signal
from contextlib import suppress

from interlock.bus.patience import FIRST

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_PR_GET_CHILD_SUBREAPER = 37
_PROC = "/proc"
_HELD_BACK = 10

# Loaded once: between fork and exec nothing may be loaded.
_prctl = ctypes.CDLL(None, use_errno=True).prctl


def adopt_orphans(*, on: bool = True) -> None:
    """Let descendants whose parent ends become children of this process, instead of the machine's first."""
    _prctl(_PR_SET_CHILD_SUBREAPER, int(on), 0, 0, 0)


def adopts_orphans() -> bool:
    """Tell whether this process adopts them."""
    answer = ctypes.c_int(0)
    _prctl(_PR_GET_CHILD_SUBREAPER, ctypes.byref(answer), 0, 0, 0)
    return bool(answer.value)


def die_with_starter(number: int = signal.SIGKILL) -> None:
    """Let the kernel send this as soon as the thread that started this process ends; exec keeps that."""
    _prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0)


def hurry(pid: int) -> None:
    """Let a process that was killed have the processor for its end, where that is permitted.

    To give its memory back takes it milliseconds of its own time, for which it else waits among all others.
    It comes behind whoever comes first.
    """
    with suppress(OSError):
        for task in os.listdir(f"{_PROC}/{pid}/task"):  # noqa: PTH208 - as below
            os.sched_setscheduler(int(task), os.SCHED_RR, os.sched_param(FIRST - 1))


def hold_back(pid: int) -> None:
    """Let a process that was killed end behind others who have something to do."""
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, pid, _HELD_BACK)


def children_of(pid: int) -> list[int]:
    """Return the children of a process, adopted and ended ones included; none when it is gone.

    Of the caller's own children none is missed: the list shrinks only when it buries one itself.
    """
    found: list[int] = []
    with suppress(OSError):
        for task in os.listdir(f"{_PROC}/{pid}/task"):  # noqa: PTH208 - thousands of paths would cost too much
            found += map(int, _read(f"{_PROC}/{pid}/task/{task}/children").split())
    return found


def state_of(pid: int) -> tuple[str, int]:
    """Return the letter of a process's state and its parent; ("", 0) when it is gone."""
    with suppress(OSError, ValueError, IndexError):
        words = _read(f"{_PROC}/{pid}/stat").rpartition(b")")[2].split()
        return words[0].decode(), int(words[1])
    return "", 0


def session_of(pid: int) -> int:
    """Return the session of a process, ended or not; 0 when it is gone. None can enter another's session."""
    try:
        return os.getsid(pid)
    except OSError:
        return 0


def send(pid: int, number: int) -> bool:
    """Signal a child of this process, adopted or not; False when that is impossible."""
    try:
        os.kill(pid, number)
    except OSError:
        return False
    return True


def send_if_child_of(parent: int, pid: int, number: int) -> bool:
    """Signal a process of which somebody else may be the parent, unless its number is another's by now."""
    try:
        handle = os.pidfd_open(pid)
    except OSError:
        return False
    try:
        if state_of(pid)[1] != parent:
            return False
        signal.pidfd_send_signal(handle, number)
    except OSError:
        return False
    finally:
        os.close(handle)
    return True


def _read(path: str) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        found = b""
        while piece := os.read(descriptor, 65_536):
            found += piece
        return found
    finally:
        os.close(descriptor)
