"""Which grants may not start: those of a killed task, and those on their way when everything was killed.

The supervisor grants nothing to what is killed. A fence holds back what it had granted before and what
arrives late, so a fence around everything may fall when no such dispatch can arrive any more.
"""

from collections import OrderedDict

TASKS_MAX = 4_096
FLEET = 0
# A dispatch is repeated for 5 s at most.
FLEET_FENCE_MS = 30_000


class Fences:
    """Kills that were heard; times are monotonic milliseconds."""

    def __init__(self) -> None:
        self._tasks: OrderedDict[int, None] = OrderedDict()
        self._fleet_until_ms = 0

    def close(self, scope: int, now_ms: int) -> None:
        """Refuse from now on what belongs to a killed task, or (FLEET) everything for a while."""
        if scope == FLEET:
            self._fleet_until_ms = now_ms + FLEET_FENCE_MS
            return
        self._tasks[scope] = None
        if len(self._tasks) > TASKS_MAX:
            self._tasks.popitem(last=False)

    def open(self, scope: int) -> None:
        """Let a resumed scope go on; the tasks that were killed by themselves stay so."""
        if scope == FLEET:
            self._fleet_until_ms = 0

    def refuses(self, task: int, now_ms: int) -> bool:
        """Tell whether a grant for a task may not start."""
        return task in self._tasks or now_ms < self._fleet_until_ms
