"""Processes that belong to nobody who lives: finds and ends them, whatever they do to stay.

This process adopts the orphans of its descendants. One that it adopted lives only as long as the session in
which it was started: a session cannot be entered by others, so nobody can hide in it, and a process that has
left both its parent and its session belongs to nobody and ends. Killing a process makes its children orphans
of ours, so round after round a whole tree comes into our hands, each by a number that only we can free.
"""

import os
import signal
from collections.abc import Callable

from interlock.supervisor.guard.kernel import children_of, send, send_if_child_of, state_of

MOST_AT_ONCE = 256
MOST_STILLED = 4_096
_AT_REST = "TtZX"

Spared = Callable[[int], bool]


class Strays:
    """What descends from this process and is spared by nobody.

    `spared(pid)` is asked about each child of this process: whether it, or the session in which it is, has a
    right to live.
    """

    def __init__(self, spared: Spared) -> None:
        self._spared = spared
        self._me = os.getpid()

    def all(self) -> list[int]:
        """Return the children of this process that nobody spares, ended ones included."""
        return [pid for pid in children_of(self._me) if not self._spared(pid)]

    def kill(self) -> int:
        """Kill so many of them as one round may take; return how many there are."""
        strays = self.all()
        for pid in strays[:MOST_AT_ONCE]:
            send(pid, signal.SIGKILL)
        return len(strays)

    def still(self) -> int:
        """Stop whatever descends from them, once; return how many of those were still moving.

        What multiplies faster than it can be killed is stopped first: whoever is stopped does not fork.
        """
        moving, known, frontier = 0, 0, [(self._me, pid) for pid in self.all()]
        while frontier and known < MOST_STILLED:
            parent, pid = frontier.pop()
            known += 1
            if state_of(pid)[0] not in _AT_REST:
                moving += 1
                send_if_child_of(parent, pid, signal.SIGSTOP)
            frontier += [(pid, child) for child in children_of(pid)]
        return moving
