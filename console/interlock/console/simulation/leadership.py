"""Who may write decisions, by a plain reader of the log: after a stamp, nobody but who put it there.

A former leader may still add to a subject until the new one has put its stamp there; not a record longer.
"""

from collections.abc import Iterator

from interlock.contracts.decision import Decision
from interlock.contracts.facts import LeaderTook, Led


class Leadership:
    """The terms so far, and under which one each subject was written last."""

    def __init__(self) -> None:
        self.incarnation = ""
        self._leaders: dict[int, str] = {}
        self._term = 0
        self._term_of: dict[int, int] = {}

    @property
    def terms(self) -> int:
        """How often somebody took the lead."""
        return len(self._leaders)

    def read(self, decision: Decision, seq: int) -> Iterator[str]:
        """Read a decision; yield what its writer was not allowed."""
        for fact in decision.facts:
            if isinstance(fact, LeaderTook):
                self._term, self.incarnation = seq, fact.incarnation
                self._leaders[seq] = fact.principal
                return
            if isinstance(fact, Led):
                if self._leaders.get(fact.term) != decision.by or fact.term < self._term_of.get(
                    decision.task, 0
                ):
                    yield f"{decision.by} stamped task {decision.task} for term {fact.term}, not its own"
                self._term_of[decision.task] = fact.term
                return
        if self._leaders.get(self._term) == decision.by:
            self._term_of[decision.task] = self._term
        elif self._leaders.get(self._term_of.get(decision.task, -1)) != decision.by:
            yield (
                f"{decision.by} wrote record {seq} about task {decision.task}, where "
                f"{self._leaders.get(self._term, 'nobody')} leads since record {self._term}"
            )
