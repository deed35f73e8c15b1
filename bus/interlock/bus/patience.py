"""How our processes share the cores: most do not interrupt others, and a few run before all others.

Every message wakes somebody. If each of them pushed the one at work aside, all would work through their
messages one by one; so they find several waiting, and the same work costs a fifth less. A process with a core
for itself loses nothing. Whoever has to stop what others do must not wait for them: it comes first. On other
systems than Linux everything stays as it is (sched(7), SCHED_BATCH and SCHED_RR).
"""

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress

FIRST = 2
"""The place of those who come first; below it there is one more."""


def be_patient() -> None:
    """Let this process not interrupt others when it is woken."""
    if sys.platform == "linux":
        with suppress(OSError):  # a container may forbid it: then it stays as it is
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def come_first() -> bool:
    """Let this thread run before all ordinary ones, where that is permitted; what it starts is ordinary.

    Else whoever keeps the cores busy holds up the one that is to stop it. Returns whether it was permitted.
    """
    if sys.platform == "linux":
        with suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(FIRST))
            return True
    return False


@contextmanager
def patient_children() -> Generator[None]:
    """Let what this thread starts meanwhile be patient; the thread itself is afterwards as before."""
    if sys.platform != "linux":
        yield
        return
    before = os.sched_getscheduler(0), os.sched_getparam(0)
    be_patient()
    try:
        yield
    finally:
        with suppress(OSError):
            os.sched_setscheduler(0, *before)
