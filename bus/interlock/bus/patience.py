"""How our processes share the cores: whoever is at work is not interrupted by whoever has just been woken.

Every message wakes somebody. If each of them pushed the one at work aside, all would work through their
messages one by one; so they find several waiting, and the same work costs a fifth less. A process with a core
for itself loses nothing. On other systems than Linux everything stays as it is (sched(7), SCHED_BATCH).
"""

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress


def be_patient() -> None:
    """Let this process not interrupt others when it is woken."""
    if sys.platform == "linux":
        with suppress(OSError):  # a container may forbid it: then it stays as it is
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


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
