"""What one person did in a time, as it was counted; what it means, others say."""

from collections import Counter

import msgspec

from interlock.contracts.people import VerdictKind

MOST_KEPT = 10_000
"""How many verdicts of a person are looked at for times and hours, the newest."""


class Habits(msgspec.Struct):
    """Verdicts of a person by kind; when each was said, how long each took, in milliseconds.

    `late` came when it was over, `caught` and `missed` are planted requests that were rejected, or were not.
    """

    verdicts: Counter[VerdictKind] = msgspec.field(default_factory=Counter[VerdictKind])
    said_ms: list[int] = []
    took_ms: list[int] = []
    late: int = 0
    caught: int = 0
    missed: int = 0

    def decided(self, verdict: VerdictKind, at_ms: int, took_ms: int) -> None:
        """Count one verdict."""
        self.verdicts[verdict] += 1
        self.said_ms.append(at_ms)
        self.took_ms.append(max(took_ms, 0))
        if len(self.said_ms) > MOST_KEPT:
            del self.said_ms[0], self.took_ms[0]
