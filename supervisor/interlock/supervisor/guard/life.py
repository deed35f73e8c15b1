"""One life of a child: a process and all that it starts. What follows from its end is not known here."""

import asyncio
import os
import signal
from collections.abc import Sequence
from contextlib import suppress

from interlock.bus.clock import now_us
from interlock.supervisor.guard import kernel
from interlock.supervisor.guard.cage import Cage
from interlock.supervisor.guard.plan import Child

MOST_HURRIED = 4


class Life:
    """A process that runs. `told_us` is when somebody ordered its end, 0: nobody has; `reason` is why."""

    def __init__(self, child: Child, pid: int, cage: Cage | None) -> None:
        self.child = child
        self.pid = pid
        self.told_us = 0
        self.reason = ""
        self.status: int | None = None
        self.exited_us = 0
        self.over = asyncio.Event()
        self._cage = cage
        self._dying = False
        self._left = 0
        self._buried = 1

    @property
    def processes(self) -> int:
        """How many processes this life had, as far as they were seen."""
        return max(self._buried, 1 + self._left)

    @property
    def running(self) -> bool:
        """Whether the process itself has not been seen to end."""
        return self.status is None

    @property
    def code(self) -> int:
        """The exit code; 0 when a signal ended it."""
        return os.WEXITSTATUS(self.status) if self.status is not None and os.WIFEXITED(self.status) else 0

    @property
    def signal(self) -> int:
        """What ended it; 0 when it ended by itself."""
        return os.WTERMSIG(self.status) if self.status is not None and os.WIFSIGNALED(self.status) else 0

    def ask(self) -> None:
        """Tell the whole group to end."""
        self._signal(signal.SIGTERM)

    def kill(self, told_us: int = 0, reason: str = "") -> None:
        """Kill its whole group at once; the first order is the one that counts."""
        if not self.told_us:
            self.told_us, self.reason = told_us, reason
        self._dying = self._signal(signal.SIGKILL)

    def hurry(self) -> None:
        """Let one that was killed end before others go on."""
        if self._dying and self.running:
            kernel.hurry(self.pid)

    def hold_back(self) -> None:
        """Let one that was killed end when others have done what they have to."""
        if self._dying and self.running:
            kernel.hold_back(self.pid)

    def saw_one_end(self) -> None:
        """Count one more process that this life had started."""
        self._buried += 1
        self.exited_us = now_us()

    def ended(self, status: int) -> None:
        """Note how the process itself ended; what it leaves in its cgroup ends too."""
        self.status = status
        self.exited_us = now_us()
        left = self._cage.count() if self._cage is not None else 0
        if self._cage is not None and left:
            self._left = left
            self._cage.kill()

    def close(self) -> None:
        """Let go of what was kept for it."""
        if self._cage is not None:
            self._cage.remove()
        self.over.set()

    def _signal(self, number: int) -> bool:
        # The number is this life's until the reaper has seen its end.
        if self.running:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, number)
                return True
        return False


def kill_all(lives: Sequence[Life], told_us: int, reason: str) -> None:
    """Kill these all together.

    A few then end before others go on. Many would so hold up whoever aborts their calls: they do nothing any
    more, and wait.
    """
    for life in lives:
        life.kill(told_us, reason)
    for life in lives:
        if len(lives) <= MOST_HURRIED:
            life.hurry()
        else:
            life.hold_back()
